//! What a cluster tells.

use crate::sources::fuzzing;

use super::shown::{permitted, shown};

/// A line a message: `p` begins one of a Prometheus, everything else tells of an object, see
/// [`fuzzing::told`].
pub fn cluster(data: &[u8]) {
    let (counted, told): (Vec<&[u8]>, Vec<&[u8]>) =
        data.split(|byte| *byte == b'\n').partition(|line| line.first() == Some(&b'p'));
    let mut picture = fuzzing::told(&told);
    let answers: Vec<&[u8]> = counted.into_iter().map(|line| &line[1..]).collect();
    if let Some(metrics) = fuzzing::counted(&answers) {
        picture.metrics = crate::domain::Fact::known(metrics, picture.taken);
    }
    let _ = permitted(&picture);
    shown(picture, data.len());
}
