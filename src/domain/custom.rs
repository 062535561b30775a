//! What a person wants measured besides the usual: a number a minute of each side, and finer ones.

use jiff::Timestamp;
use serde::Serialize;

use super::{Point, Side};

/// One more metric of both sides: a number a minute, in its own unit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CustomSeries {
    /// As it is called in the config file.
    pub name: String,
    /// The unit, for people.
    pub unit: String,
    /// Blue's numbers.
    pub blue: Vec<Point>,
    /// Green's numbers.
    pub green: Vec<Point>,
    /// The newest numbers of a metric of high resolution.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fine: Option<FineSeries>,
}

/// The newest numbers of a metric whose period is less than a minute. They are shown and never judged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FineSeries {
    /// The seconds that each number is of.
    pub period_seconds: u32,
    /// Blue's numbers, oldest first.
    pub blue: Vec<FinePoint>,
    /// Green's numbers.
    pub green: Vec<FinePoint>,
}

/// One number of a metric of high resolution.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct FinePoint {
    /// When its period began.
    pub at: Timestamp,
    /// The number.
    pub value: f64,
}

impl FineSeries {
    /// The newest number of a side.
    pub fn newest(&self, side: Side) -> Option<FinePoint> {
        match side {
            Side::Blue => self.blue.last().copied(),
            Side::Green => self.green.last().copied(),
        }
    }
}

impl CustomSeries {
    /// The numbers of one side.
    pub fn side(&self, side: Side) -> &[Point] {
        match side {
            Side::Blue => &self.blue,
            Side::Green => &self.green,
        }
    }
}
