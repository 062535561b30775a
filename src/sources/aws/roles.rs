//! Roles that want the code of a multi-factor device, which the SDK's own chain has no way to ask
//! for.
//!
//! Only a profile with an `mfa_serial` on its way comes here; every other one is the SDK's.

use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use aws_config::SdkConfig;
use aws_config::profile::{Profile, ProfileSet};
use aws_config::retry::RetryConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::Result;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sts::error::{DisplayErrorContext, ProvideErrorMetadata};
use aws_sdk_sts::types::Credentials as Issued;
use jiff::{SignedDuration, Timestamp};

use crate::domain::OneTimeCode;
use crate::sources::backend::AwsTime;

/// What is about to expire is not begun with.
const SPARE: SignedDuration = SignedDuration::from_secs(60);

/// A code is needed before anything can be asked. Found in the chain of causes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sources) struct CodeWanted {
    /// The device whose code it is, as the profile names it.
    pub(in crate::sources) device: String,
    /// How many codes were tried so far.
    pub(in crate::sources) tried: u32,
    /// Why the last one was not taken; empty before the first.
    pub(in crate::sources) said: String,
}

impl fmt::Display for CodeWanted {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.said.is_empty() {
            write!(out, "the code of {} is wanted", self.device)
        } else {
            out.write_str(&self.said)
        }
    }
}

impl std::error::Error for CodeWanted {}

/// One role on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Hop {
    role: String,
    session: String,
    external_id: Option<String>,
    seconds: Option<i32>,
    device: Option<String>,
}

/// Where the first credentials on the way come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Base {
    /// A profile that assumes no role.
    Profile(String),
    /// The keys of a profile that is its own source.
    Keys {
        /// The access key's id.
        id: String,
        /// Its secret.
        secret: String,
        /// The token of a session.
        token: Option<String>,
    },
    /// `credential_source`, as the profile spells it.
    Named(String),
}

/// The way to the role of a profile, as its files tell it: the first role first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Way {
    /// Where it begins.
    pub(super) base: Base,
    hops: Vec<Hop>,
}

impl Way {
    /// The way of a profile, if a device's code is wanted on it.
    pub(super) fn of(profiles: &ProfileSet, name: &str) -> Option<Self> {
        let mut hops = Vec::new();
        let mut seen = HashSet::new();
        let mut name = name.to_owned();
        let base = loop {
            let profile = profiles.get_profile(&name)?;
            let Some(hop) = Hop::of(profile) else { break Base::Profile(name) };
            hops.push(hop);
            seen.insert(name.clone());
            match (profile.get("source_profile"), profile.get("credential_source")) {
                (Some(source), _) if source == name => break Base::keys(profile)?,
                // A ring: the SDK says so better.
                (Some(source), _) if seen.contains(source) => return None,
                (Some(source), _) => source.clone_into(&mut name),
                (None, Some(source)) => break Base::Named(source.to_owned()),
                (None, None) => return None,
            }
        };
        hops.reverse();
        hops.iter().any(|hop| hop.device.is_some()).then_some(Self { base, hops })
    }
}

impl Base {
    fn keys(profile: &Profile) -> Option<Self> {
        Some(Self::Keys {
            id: profile.get("aws_access_key_id")?.to_owned(),
            secret: profile.get("aws_secret_access_key")?.to_owned(),
            token: profile.get("aws_session_token").map(str::to_owned),
        })
    }
}

impl Hop {
    /// The role of a profile that assumes one with other credentials.
    fn of(profile: &Profile) -> Option<Self> {
        let sourced = ["source_profile", "credential_source"];
        if !sourced.iter().any(|key| profile.get(key).is_some()) {
            return None;
        }
        Some(Self {
            role: profile.get("role_arn")?.to_owned(),
            session: profile.get("role_session_name").unwrap_or("cutover").to_owned(),
            external_id: profile.get("external_id").map(str::to_owned),
            seconds: profile.get("duration_seconds").and_then(|text| text.parse().ok()),
            device: profile.get("mfa_serial").map(str::to_owned),
        })
    }
}

/// Goes the way, with codes that somebody types.
pub(super) struct Roles {
    hops: Vec<Hop>,
    config: SdkConfig,
    time: Arc<dyn AwsTime>,
    code: Mutex<Option<OneTimeCode>>,
    tried: AtomicU32,
    /// What each role has given. Held while the way is gone: one code opens it for all clients.
    given: tokio::sync::Mutex<Vec<Option<Credentials>>>,
}

impl fmt::Debug for Roles {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Roles").field("hops", &self.hops).finish_non_exhaustive()
    }
}

impl Roles {
    /// The way, nothing of it gone yet; STS is reached by `config`.
    pub(super) fn new(way: Way, config: SdkConfig, time: Arc<dyn AwsTime>) -> Self {
        let given = tokio::sync::Mutex::new(vec![None; way.hops.len()]);
        let (code, tried) = (Mutex::default(), AtomicU32::new(0));
        Self { hops: way.hops, config, time, code, tried, given }
    }

    /// The device that is asked for a code first.
    pub(super) fn device(&self) -> Option<&str> {
        self.hops.iter().find_map(|hop| hop.device.as_deref())
    }

    /// Takes the code that a person has typed; it is used once.
    pub(super) fn present(&self, code: OneTimeCode) {
        *self.code.lock().unwrap_or_else(PoisonError::into_inner) = Some(code);
    }

    /// The credentials of the last role, from the last one that has not expired; the first role is
    /// assumed with those of `base`.
    pub(super) async fn credentials(&self, base: impl Future<Output = Result>) -> Result {
        let mut given = self.given.lock().await;
        let good = |held: &Option<Credentials>| {
            held.as_ref().is_some_and(|held| lasts(held, self.time.now()))
        };
        let start = given.iter().rposition(good);
        let mut held = match start.and_then(|index| given[index].clone()) {
            Some(held) => held,
            None => base.await?,
        };
        for index in start.map_or(0, |index| index + 1)..self.hops.len() {
            held = self.assumes(&self.hops[index], held).await?;
            given[index] = Some(held.clone());
        }
        Ok(held)
    }

    async fn assumes(&self, hop: &Hop, held: Credentials) -> Result {
        let config = aws_sdk_sts::config::Builder::from(&self.config)
            .credentials_provider(held)
            .retry_config(RetryConfig::disabled())
            .build();
        let mut call = aws_sdk_sts::Client::from_conf(config)
            .assume_role()
            .role_arn(&hop.role)
            .role_session_name(&hop.session)
            .set_external_id(hop.external_id.clone())
            .set_duration_seconds(hop.seconds);
        if let Some(device) = &hop.device {
            let code = self.code.lock().unwrap_or_else(PoisonError::into_inner).take();
            let Some(code) = code else { return Err(self.wanted(device, "")) };
            self.tried.fetch_add(1, Ordering::Relaxed);
            call = call.serial_number(device).token_code(code.digits());
        }
        match call.send().await {
            Ok(answer) => answer.credentials().and_then(issued).ok_or_else(|| {
                CredentialsError::provider_error(format!("{} gave no credentials", hop.role))
            }),
            // Whatever it was: the code is spent, and only another one leads on.
            Err(error) => Err(match &hop.device {
                Some(device) => {
                    let said = error.message().map(str::to_owned);
                    let said = said.unwrap_or_else(|| DisplayErrorContext(&error).to_string());
                    self.wanted(device, &said)
                }
                None => CredentialsError::provider_error(error),
            }),
        }
    }

    fn wanted(&self, device: &str, said: &str) -> CredentialsError {
        let tried = self.tried.load(Ordering::Relaxed);
        let said = said.trim().trim_end_matches('.').to_owned();
        CredentialsError::provider_error(CodeWanted { device: device.to_owned(), tried, said })
    }
}

/// Whether credentials are good for a while yet.
fn lasts(held: &Credentials, now: Timestamp) -> bool {
    let Some(expiry) = held.expiry() else { return true };
    Timestamp::try_from(expiry).is_ok_and(|expiry| expiry.duration_since(now) > SPARE)
}

fn issued(given: &Issued) -> Option<Credentials> {
    let expiry = std::time::SystemTime::try_from(*given.expiration()).ok()?;
    let token = Some(given.session_token().to_owned());
    let (id, secret) = (given.access_key_id(), given.secret_access_key());
    Some(Credentials::new(id, secret, token, Some(expiry), "AssumeRole with a code"))
}

#[cfg(test)]
mod tests {
    use aws_config::profile::ProfileFileLoadError;
    use aws_runtime::env_config::file::EnvConfigFiles;
    use aws_types::os_shim_internal::{Env, Fs};

    use super::*;

    async fn profiles(text: &str) -> std::result::Result<ProfileSet, ProfileFileLoadError> {
        let fs = Fs::from_slice(&[("config", text)]);
        let env = Env::from_slice(&[("AWS_CONFIG_FILE", "config"), ("HOME", "/nowhere")]);
        aws_config::profile::load(&fs, &env, &EnvConfigFiles::default(), None).await
    }

    async fn way(text: &str) -> Option<Way> {
        Way::of(&profiles(text).await.unwrap(), "prod")
    }

    #[tokio::test]
    async fn the_way_leads_over_every_role_to_the_first_keys() {
        let way = way("[profile base]\naws_access_key_id = a\naws_secret_access_key = b\n\
             [profile jump]\nrole_arn = J\nsource_profile = base\nmfa_serial = D\n\
             [profile prod]\nrole_arn = P\nsource_profile = jump\nexternal_id = X\n\
             duration_seconds = 900\nrole_session_name = night\n");
        let way = way.await.unwrap();
        assert_eq!(way.base, Base::Profile("base".into()));
        let told: Vec<_> =
            way.hops.iter().map(|hop| (hop.role.as_str(), hop.device.as_deref())).collect();
        assert_eq!(told, [("J", Some("D")), ("P", None)]);
        let last = &way.hops[1];
        assert_eq!((last.session.as_str(), last.seconds), ("night", Some(900)));
        assert_eq!(last.external_id.as_deref(), Some("X"));
    }

    #[tokio::test]
    async fn a_profile_may_be_its_own_source_or_name_another() {
        let own = "[profile prod]\nrole_arn = P\nmfa_serial = D\nsource_profile = prod\n\
                   aws_access_key_id = a\naws_secret_access_key = b\n";
        let keys = Base::Keys { id: "a".into(), secret: "b".into(), token: None };
        assert_eq!(way(own).await.unwrap().base, keys);
        let named = "[profile prod]\nrole_arn = P\nmfa_serial = D\n\
                     credential_source = Environment\n";
        assert_eq!(way(named).await.unwrap().base, Base::Named("Environment".into()));
    }

    #[tokio::test]
    async fn everything_else_is_left_to_the_sdk() {
        for text in [
            "[profile other]\nregion = r\n",
            "[profile prod]\nregion = r\n",
            "[profile prod]\nrole_arn = P\nsource_profile = base\n[profile base]\nregion = r\n",
            "[profile prod]\nrole_arn = P\nsource_profile = gone\nmfa_serial = D\n",
            "[profile prod]\nrole_arn = P\nmfa_serial = D\n",
            "[profile prod]\nrole_arn = P\nsource_profile = b\nmfa_serial = D\n\
             [profile b]\nrole_arn = B\nsource_profile = prod\n",
        ] {
            assert_eq!(way(text).await, None, "{text}");
        }
    }
}
