//! Where facts come from: the only users of the AWS SDK.
