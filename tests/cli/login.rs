//! A role that wants the code of a multi-factor device: the binary, the files of the AWS
//! configuration, and STS.

use super::process::{Home, Sim};
use super::terminal::Terminal;

const TARGET: &str = "codedeploy:shop/checkout";
const DEVICE: &str = "arn:aws:iam::111122223333:mfa/phone";

/// A home whose profile `prod` is a role behind a device, and where its STS is.
fn locked() -> (Home, Sim, Vec<(String, String)>) {
    let home = Home::new();
    let sim = Sim::start(&home, &["--scenario", "errors"]);
    let folder = home.0.path().join("home/.aws");
    std::fs::create_dir_all(&folder).unwrap();
    let config = format!(
        "[profile base]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = simulated\n\
         [profile prod]\nrole_arn = arn:aws:iam::111122223333:role/operator\n\
         source_profile = base\nmfa_serial = {DEVICE}\n"
    );
    std::fs::write(folder.join("config"), config).unwrap();
    let keys = |name: &str| name.contains("KEY") || name.contains("TOKEN");
    let mut variables = sim.variables.clone();
    variables.retain(|(name, _)| !keys(name));
    (home, sim, variables)
}

fn terminal(args: &[&str]) -> (Terminal, Sim) {
    let (home, sim, variables) = locked();
    let program = [&[env!("CARGO_BIN_EXE_cutover"), "--profile", "prod"], args].concat();
    (Terminal::within(home, &program, "xterm-256color", &variables), sim)
}

#[test]
fn the_screen_asks_for_the_code_and_goes_on_by_itself() {
    let (mut terminal, _sim) = terminal(&[TARGET]);
    terminal.sees("Which code does the device show?").sees(DEVICE);
    terminal.rests(std::time::Duration::from_millis(400)).types("000000\r");
    terminal.sees("MultiFactorAuthentication failed with invalid");
    terminal.rests(std::time::Duration::from_millis(400)).types("314159\r").sees("d-");
    assert!(!terminal.screen().contents().contains("314159"));
    assert_eq!(terminal.types("q").ends_restored(), 0);
}

#[test]
fn a_single_question_asks_on_a_terminal() {
    let (home, _sim, variables) = locked();
    let program = [env!("CARGO_BIN_EXE_cutover"), "status", "--profile", "prod", TARGET];
    let mut terminal = Terminal::within(home, &program, "xterm-256color", &variables);
    terminal.sees(&format!("code of {DEVICE}:")).types("271828\r").sees("d-");
}

#[test]
fn without_a_terminal_it_says_what_is_missing() {
    let (home, _sim, variables) = locked();
    let mut command = home.command(&["status", "--profile", "prod", TARGET]);
    let ended = Home::ended(command.envs(variables));
    ended.says(2, &["MFA code wanted", "on a terminal cutover asks for it", DEVICE]);
}
