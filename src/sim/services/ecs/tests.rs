//! The service against its model.
