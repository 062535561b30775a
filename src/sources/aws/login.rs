//! Credentials that can be repaired while the program runs.

use std::sync::{Arc, Mutex, PoisonError};

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{
    ProvideCredentials, Result, SharedCredentialsProvider, future,
};
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_types::os_shim_internal::{Env, Fs};

use super::roles::{Base, Roles, Way};
use crate::domain::OneTimeCode;
use crate::sources::backend::AwsTime;

/// In whose name AWS is asked. Clones share everything.
#[derive(Debug, Clone)]
pub(super) struct Login(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Where the first credentials come from.
    chain: Chain,
    /// The roles that lie behind them, where one wants the code of a device.
    roles: Option<Roles>,
}

impl Login {
    /// The AWS configuration of this machine: profile, Region, single sign-on, assumed role, web
    /// identity, endpoints.
    pub(super) async fn configure(
        profile: Option<String>,
        region: Option<String>,
        time: Arc<dyn AwsTime>,
    ) -> (SdkConfig, Self) {
        let config = load(profile.as_deref(), region.as_deref()).await;
        let way = way(profile.as_deref()).await;
        let begin = match &way {
            Some(way) => Begin::of(&way.base),
            None => profile.map_or(Begin::Anywhere, Begin::Named),
        };
        let chain = Chain { begin, region: config.region().cloned(), made: Mutex::default() };
        // What was just read need not be read again for the first question.
        chain.keep(chain.provider(config.credentials_provider()));
        let roles = way.map(|way| Roles::new(way, config.clone(), time));
        let login = Self(Arc::new(Inner { chain, roles }));
        let mut config = config.into_builder();
        config.set_app_name(super::app_name());
        let provider = SharedCredentialsProvider::new(login.clone());
        (config.credentials_provider(provider).build(), login)
    }

    /// The device whose code is wanted, if one is.
    pub(super) fn device(&self) -> Option<&str> {
        self.0.roles.as_ref().and_then(Roles::device)
    }

    /// Takes the code that a person has typed.
    pub(super) fn present(&self, code: OneTimeCode) {
        if let Some(roles) = &self.0.roles {
            roles.present(code);
        }
    }

    async fn credentials(&self) -> Result {
        match &self.0.roles {
            Some(roles) => Box::pin(roles.credentials(self.0.chain.credentials())).await,
            None => self.0.chain.credentials().await,
        }
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

/// The way to the chosen profile's role, if a device's code is wanted on it. Keys in the environment
/// come before a profile that nobody has named here, as the SDK has it.
async fn way(profile: Option<&str>) -> Option<Way> {
    let env = Env::real();
    if profile.is_none() && env.get("AWS_ACCESS_KEY_ID").is_ok() {
        return None;
    }
    let (fs, files) = (Fs::real(), EnvConfigFiles::default());
    let chosen = profile.map(|name| name.to_owned().into());
    let profiles = aws_config::profile::load(&fs, &env, &files, chosen).await.ok()?;
    Way::of(&profiles, profiles.selected_profile())
}

/// Which of the SDK's providers.
#[derive(Debug)]
enum Begin {
    /// The SDK's own order of places.
    Anywhere,
    /// This profile before everything else: keys in the environment do not come before one that
    /// was named.
    Named(String),
    /// This profile and nothing else.
    Source(String),
    /// These keys.
    Keys(Credentials),
    /// The variables of the environment.
    Environment,
    /// The machine's own role.
    Machine,
    /// The container's own role.
    Container,
    /// One that the SDK does not know either.
    Unknown(String),
}

impl Begin {
    fn of(base: &Base) -> Self {
        match base {
            Base::Profile(name) => Self::Source(name.clone()),
            Base::Keys { id, secret, token } => {
                Self::Keys(Credentials::new(id, secret, token.clone(), None, "profile"))
            }
            Base::Named(source) => match source.to_ascii_lowercase().as_str() {
                "environment" => Self::Environment,
                "ec2instancemetadata" => Self::Machine,
                "ecscontainer" => Self::Container,
                _ => Self::Unknown(source.clone()),
            },
        }
    }
}

/// A provider of the SDK, built anew after each failure.
///
/// It reads a profile once and tells what is wrong with it once; afterwards it only says that it was
/// already told. Built anew, it says it each time and sees when it has been repaired.
#[derive(Debug)]
struct Chain {
    begin: Begin,
    region: Option<Region>,
    made: Mutex<Option<SharedCredentialsProvider>>,
}

impl Chain {
    fn made(&self) -> Option<SharedCredentialsProvider> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, provider: Option<SharedCredentialsProvider>) {
        *self.made.lock().unwrap_or_else(PoisonError::into_inner) = provider;
    }

    /// Built from what the AWS configuration says now.
    async fn make(&self) -> Option<SharedCredentialsProvider> {
        let region = self.region.as_ref().map(Region::as_ref);
        let usual = match &self.begin {
            Begin::Anywhere => load(None, region).await.credentials_provider(),
            Begin::Named(name) => load(Some(name), region).await.credentials_provider(),
            _ => None,
        };
        self.provider(usual)
    }

    /// The provider; `usual` is the SDK's own order of places.
    fn provider(
        &self,
        usual: Option<SharedCredentialsProvider>,
    ) -> Option<SharedCredentialsProvider> {
        let around = ProviderConfig::without_region().with_region(self.region.clone());
        let of_profile = |name: &str| {
            let profile = ProfileFileCredentialsProvider::builder();
            profile.configure(&around).profile_name(name).build()
        };
        Some(match &self.begin {
            Begin::Anywhere => return usual,
            Begin::Named(name) => {
                let first = CredentialsProviderChain::first_try("profile", of_profile(name));
                match usual {
                    Some(others) => SharedCredentialsProvider::new(first.or_else("others", others)),
                    None => SharedCredentialsProvider::new(first),
                }
            }
            Begin::Source(name) => SharedCredentialsProvider::new(of_profile(name)),
            Begin::Keys(keys) => SharedCredentialsProvider::new(keys.clone()),
            Begin::Environment => {
                SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new())
            }
            Begin::Machine => SharedCredentialsProvider::new(
                ImdsCredentialsProvider::builder().configure(&around).build(),
            ),
            Begin::Container => SharedCredentialsProvider::new(
                EcsCredentialsProvider::builder().configure(&around).build(),
            ),
            Begin::Unknown(_) => return None,
        })
    }

    async fn credentials(&self) -> Result {
        let provider = match self.made() {
            Some(provider) => Some(provider),
            None => self.make().await,
        };
        let Some(provider) = provider else {
            return Err(CredentialsError::not_loaded(match &self.begin {
                Begin::Unknown(source) => format!("there is no credential_source {source}"),
                _ => "the AWS configuration has no credentials".to_owned(),
            }));
        };
        let credentials = provider.provide_credentials().await;
        self.keep(credentials.is_ok().then_some(provider));
        credentials
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
