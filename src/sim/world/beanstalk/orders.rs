//! What people ask of environments, and the refusals of the wrong states.

use super::Status;
use crate::sim::error::ApiError;
use crate::sim::world::World;

impl World {
    /// Exchanges the names of two environments; both must be at rest.
    pub(crate) fn swap_cnames(&mut self, (one, other): (usize, usize)) -> Result<(), ApiError> {
        if one == other {
            return Err(refuse("The source and the destination environment are the same."));
        }
        for index in [one, other] {
            self.require_ready(index)?;
        }
        let request = self.request.clone();
        self.begin_swap((one, other), &request);
        Ok(())
    }

    /// Takes back an update that has not come to its end.
    pub(crate) fn abort_update(&mut self, index: usize) -> Result<(), ApiError> {
        let all = self.beanstalk.as_ref();
        let environment = all.and_then(|all| all.environments.get(index));
        if let Some(environment) = environment.filter(|environment| !environment.is_abortable()) {
            return Err(refuse(&format!(
                "Environment named {} is in an invalid state for this operation. Must be pending \
                 deployment.",
                environment.name
            )));
        }
        let request = self.request.clone();
        self.begin_abort(index, &request);
        Ok(())
    }

    fn require_ready(&self, index: usize) -> Result<(), ApiError> {
        let all = self.beanstalk.as_ref();
        match all.and_then(|all| all.environments.get(index)) {
            Some(environment) if environment.status != Status::Ready => Err(refuse(&format!(
                "Environment named {} is in an invalid state for this operation. Must be Ready.",
                environment.name
            ))),
            _ => Ok(()),
        }
    }
}

fn refuse(message: &str) -> ApiError {
    ApiError::client("InvalidParameterValue", message)
}
