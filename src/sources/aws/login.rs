//! Credentials that can be repaired while the program runs.

use std::sync::{Mutex, PoisonError};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::{
    ProvideCredentials, Result, SharedCredentialsProvider, future,
};

/// The SDK's chain of credential providers, built anew after each failure.
///
/// The chain reads a profile once and tells what is wrong with it once; afterwards it only says
/// that it was already told. Built anew, it says it each time and sees when it has been repaired.
#[derive(Debug)]
pub(super) struct Login {
    profile: Option<String>,
    region: Option<String>,
    chain: Mutex<Option<SharedCredentialsProvider>>,
}

impl Login {
    /// The AWS configuration of this machine: profile, Region, single sign-on, assumed role, web
    /// identity, endpoints.
    pub(super) async fn configure(profile: Option<String>, region: Option<String>) -> SdkConfig {
        let config = load(profile.as_deref(), region.as_deref()).await;
        let chain = Mutex::new(config.credentials_provider());
        let login = Self { profile, region, chain };
        let mut config = config.into_builder();
        config.set_app_name(super::app_name());
        config.credentials_provider(SharedCredentialsProvider::new(login)).build()
    }

    fn chain(&self) -> Option<SharedCredentialsProvider> {
        self.chain.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, chain: Option<SharedCredentialsProvider>) {
        *self.chain.lock().unwrap_or_else(PoisonError::into_inner) = chain;
    }

    async fn credentials(&self) -> Result {
        let chain = match self.chain() {
            Some(chain) => Some(chain),
            None => {
                load(self.profile.as_deref(), self.region.as_deref()).await.credentials_provider()
            }
        };
        let Some(chain) = chain else {
            return Err(aws_credential_types::provider::error::CredentialsError::not_loaded(
                "the AWS configuration has no credentials",
            ));
        };
        let credentials = chain.provide_credentials().await;
        self.keep(credentials.is_ok().then_some(chain));
        credentials
    }
}

impl ProvideCredentials for Login {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.credentials())
    }
}

async fn load(profile: Option<&str>, region: Option<&str>) -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::latest());
    if let Some(profile) = profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = region {
        loader = loader.region(Region::new(region.to_owned()));
    }
    loader.load().await
}
