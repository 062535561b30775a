//! The question before an order: what will happen, the exact call, and the safe choice first.

use crate::app::{Choice, Cockpit, Confirm, State, Wanted, select};
use crate::domain::{Action, Means, Side};
use crate::input::Command;
use crate::ui::format::{account, age, clean, clock, rate, share};
use crate::ui::pen::{Pen, wrap};
use crate::ui::theme::Role;
use crate::ui::words::stage;

use super::{upkeep, weights};

/// The widest a dialog gets: longer lines are hard to read.
pub(super) const WIDEST: u16 = 88;

/// One line of a dialog.
pub(super) type Line = (String, Role);

/// Draws the question into the room it may cover.
pub(crate) fn draw(pen: &mut Pen<'_>, state: &State, cockpit: &Cockpit, confirm: &Confirm) {
    let width = pen.width().min(WIDEST);
    let inner = usize::from(width.saturating_sub(6));
    let told = select::consequence(confirm, cockpit);
    let mut lines = sentences(confirm, &told, inner);
    let text = lines.len();
    lines.push((String::new(), Role::Text));
    let call = call(confirm);
    push_wrapped(&mut lines, &call, inner, Role::Dim);
    push_wrapped(&mut lines, &cli(confirm, cockpit), inner, Role::Text);
    lines.push((String::new(), Role::Text));
    push_wrapped(&mut lines, &identity(state, cockpit, confirm), inner, Role::Dim);
    // In little room the call and the name stay, the sentences are cut from below last.
    let room = usize::from(pen.height().saturating_sub(5));
    if lines.len() > room {
        lines.retain(|(line, _)| !line.is_empty());
    }
    if lines.len() > room && text > 1 {
        lines.truncate(room);
    }
    let height = u16::try_from(lines.len() + 5).unwrap_or(u16::MAX).min(pen.height());
    let left = pen.width().saturating_sub(width) / 2;
    let mut pen = pen.part(left, 0, width, height);
    pen.clear();
    let title = format!(" {} ", title(cockpit, confirm));
    let time = format!(" {} ", clock(state.now, &pen.theme().zone));
    let border = if confirm.wants_text() { Role::Warning } else { Role::Focus };
    pen.frame(&[(&title, Role::Title)], &[(&time, Role::Dim)], border);
    for (y, (line, role)) in (1..).zip(&lines) {
        pen.left(3, y, line, *role);
    }
    choices(&mut pen, state, confirm);
}

fn title(cockpit: &Cockpit, confirm: &Confirm) -> String {
    let name = cockpit.snapshot.rollout().map_or("?", |rollout| rollout.name.as_str());
    format!("{} {}?", verb(confirm), clean(name))
}

/// The question as plain lines, for who is asked without a screen.
pub(crate) fn plain(state: &State, cockpit: &Cockpit, confirm: &Confirm) -> Vec<String> {
    let told = select::consequence(confirm, cockpit);
    let mut lines = vec![title(cockpit, confirm)];
    let sentences = sentences(confirm, &told, usize::from(WIDEST));
    lines.extend(sentences.into_iter().map(|(text, _)| format!("  {text}")));
    lines.push(format!("  {}", identity(state, cockpit, confirm)));
    lines.push(format!("  {}", cli(confirm, cockpit)));
    lines
}

fn verb(confirm: &Confirm) -> &'static str {
    match (confirm.permit.action, confirm.permit.means) {
        (Action::RollBack, Means::RedeployPrevious) => "Deploy the previous revision of",
        (Action::RollBack, _) | (Action::Undo(_), Means::StopAndRollBack) => "Roll back",
        (Action::Continue, Means::SwapNames) => "Swap the names of",
        (Action::Continue, Means::Approve) => "Approve",
        (Action::Continue, Means::TryAgain | Means::ShipAgain) => "Try again",
        (Action::Continue, _) => "Continue",
        (Action::Finish, Means::SkipToEnd) => "Finish at once",
        (Action::Finish, _) => "Finish",
        (Action::Stop, Means::Reject) => "Reject",
        (Action::Stop, _) => "Stop",
        (Action::Shift(_), _) => "Shift the traffic of",
        (Action::Pause, _) => "Pause",
        (Action::Resume, _) => "Resume",
        (Action::Restart, _) => "Restart the tasks of",
        (Action::Undo(_), _) => "Bring out an earlier revision of",
        (Action::Terminate(_), _) => "End an analysis of",
    }
}

pub(super) fn push_wrapped(lines: &mut Vec<Line>, text: &str, width: usize, role: Role) {
    lines.extend(wrap(text, width).into_iter().map(|line| (line, role)));
}

/// What will happen to the traffic, and how fast it can be undone.
fn sentences(confirm: &Confirm, told: &select::Consequence, width: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    let blue = told
        .blue
        .as_deref()
        .map_or("what served before".to_owned(), |name| clean(name).into_owned());
    let tasks = told.tasks.map_or("its tasks are not known".to_owned(), |tasks| {
        format!("{} of its {} tasks run", tasks.running, tasks.desired)
    });
    let healthy = told.targets.map_or("their health is not known".to_owned(), |(healthy, all)| {
        format!("{healthy} of {all} targets are healthy")
    });
    let moved = told.moves.filter(|moves| moves.share.get() > 0.0).map(|moves| {
        let from = moves.from.word();
        let rate = moves.per_second.map(|n| format!(" (about {} a second)", rate(n)));
        let verb = if moves.from == Side::Green { "leave" } else { "move away from" };
        format!(
            "{} % of the requests{} {verb} {from}",
            share(moves.share.get()),
            rate.unwrap_or_default()
        )
    });
    let next = told.goes_on_with.as_ref().map(stage);
    let told_of = Told { blue, tasks, healthy, moved, next };
    let sentences = match confirm.permit.means {
        Means::StopAndRollBack => told_of.roll_back(),
        Means::TurnRound => {
            // Where both share a target group its health is that of both.
            let own = confirm.permit.call.service == "kubernetes";
            told_of.turn_round(if own { "" } else { "in the target group of both " })
        }
        Means::RedeployPrevious => told_of.redeploy(),
        Means::OpenGate => told_of.open_gate(),
        Means::StopOnly => stop(told),
        Means::EndBake => end_bake(),
        Means::SkipToEnd => told_of.skip_to_end(),
        Means::TryAgain => try_again(),
        Means::ShipAgain => told_of.ship_again(),
        means @ (Means::SetWeights | Means::SwapNames) => {
            weights::sentences(confirm.permit.action, means, told, told_of.moved.as_deref())
        }
        Means::Approve => approve(),
        Means::Reject => reject(),
        Means::Freeze => upkeep::freeze(told),
        Means::Thaw => upkeep::thaw(),
        Means::ReplaceTasks => upkeep::replace_tasks(),
        Means::BringOut => upkeep::bring_out(told),
        Means::SwitchOver => upkeep::switch_over(told),
        Means::EndAnalysis => upkeep::end_analysis(told),
    };
    for (index, text) in sentences.iter().enumerate() {
        let role = if index == 0 { Role::Strong } else { Role::Text };
        push_wrapped(&mut lines, text, width, role);
    }
    for warning in &told.warnings {
        push_wrapped(&mut lines, &warn(warning), width, Role::Warning);
    }
    lines
}

/// The facts in words.
struct Told {
    blue: String,
    tasks: String,
    healthy: String,
    moved: Option<String>,
    next: Option<String>,
}

impl Told {
    fn roll_back(&self) -> Vec<String> {
        let Self { blue, tasks, healthy, .. } = self;
        let moved = self.moved.as_ref().map(|moved| format!("{moved} within seconds."));
        vec![
            format!("All traffic goes back to blue: {blue}, {tasks}, {healthy}."),
            moved.unwrap_or("No traffic has to move.".to_owned()),
            "Green's tasks are kept until the deployment has ended, then removed.".to_owned(),
        ]
    }

    fn turn_round(&self, of: &str) -> Vec<String> {
        let Self { blue, tasks, healthy, .. } = self;
        vec![
            format!(
                "The rolling update turns round: tasks of {blue} are started in the place of \
                 green's, as many at a time as is allowed. This takes a while, minutes if they start slowly."
            ),
            format!("Of blue {tasks}; {of}{healthy}."),
        ]
    }

    fn redeploy(&self) -> Vec<String> {
        vec![format!(
            "Blue is gone: {} is deployed anew. Its tasks have to start first, and the traffic is \
             shifted as in every rollout: this takes minutes, not seconds.",
            self.blue
        )]
    }

    fn skip_to_end(&self) -> Vec<String> {
        let moved = self.moved.as_ref().map(|moved| format!("{moved} at once, not in steps."));
        vec![
            "What is left of the steps, pauses and analyses is skipped.".to_owned(),
            moved.unwrap_or("Green gets all traffic as soon as its tasks are there.".to_owned()),
        ]
    }

    fn ship_again(&self) -> Vec<String> {
        let moved = self.moved.as_ref().map(|moved| format!("{moved} now."));
        vec![
            "Green is still there, so it gets all traffic at once: no pause and no analysis comes \
             before that, not even one that has failed."
                .to_owned(),
            moved.unwrap_or_default(),
            "Once green's tasks are removed, trying again begins at the first stage.".to_owned(),
        ]
    }

    fn open_gate(&self) -> Vec<String> {
        if let Some(next) = &self.next {
            let moved = self.moved.as_ref().map(|moved| format!(" {moved}."));
            return vec![
                format!("The hook is answered and the rollout goes on: {next}."),
                format!(
                    "Until the end of the bake a roll back takes seconds.{}",
                    moved.unwrap_or_default()
                ),
            ];
        }
        let moved =
            self.moved.as_ref().map(|moved| format!("Green begins to get traffic: {moved} now."));
        vec![
            moved.unwrap_or("Green begins to get traffic.".to_owned()),
            "Until the end of the bake a roll back takes seconds.".to_owned(),
        ]
    }
}

fn stop(told: &select::Consequence) -> Vec<String> {
    let stays = told.leaves.map(|split| {
        format!(
            "The rollout stops and nothing is undone: {} % of the traffic stays on blue, {} % on \
             green.",
            share(split.blue().get()),
            share(split.green.get())
        )
    });
    vec![
        stays.unwrap_or("The traffic stays wherever it is.".to_owned()),
        "Both sets of tasks stay, and nothing moves the traffic any more.".to_owned(),
    ]
}

fn try_again() -> Vec<String> {
    vec![
        "The update that was undone begins again at its first stage.".to_owned(),
        "Until its end a roll back takes seconds.".to_owned(),
    ]
}

fn approve() -> Vec<String> {
    vec![
        "The approval that the pipeline waits for is given, and the pipeline goes on.".to_owned(),
        "It cannot be taken back; the words you type are kept with it.".to_owned(),
    ]
}

fn reject() -> Vec<String> {
    vec![
        "The approval is refused: this execution of the pipeline fails, no traffic moves."
            .to_owned(),
        "It cannot be taken back; the words you type are kept with it.".to_owned(),
    ]
}

fn end_bake() -> Vec<String> {
    vec![
        "Blue's tasks are removed now. Traffic stays on green.".to_owned(),
        "The roll back within seconds is gone afterwards; going back then takes a new deployment, \
         minutes."
            .to_owned(),
    ]
}

fn warn(warning: &select::Warning) -> String {
    if let Some(text) = weights::warn(warning) {
        return text;
    }
    match warning {
        select::Warning::BlueNotReady => {
            "! Blue is not known to be healthy: going back may make things worse.".to_owned()
        }
        select::Warning::RevisionInactive => {
            "! The previous revision is not active: new tasks of it cannot start.".to_owned()
        }
        select::Warning::InstantRollbackEnds => {
            "! This cannot be taken back: the instant roll back ends.".to_owned()
        }
        select::Warning::LeftAsItIs => {
            "! Nothing will move the traffic afterwards but another deployment.".to_owned()
        }
        select::Warning::GreenIsWorse => "! The verdict is that green is worse.".to_owned(),
        select::Warning::Alarms(names) => {
            format!("! These alarms fire: {}.", clean(&names.join(", ")))
        }
        select::Warning::Kept(keeper, edit) => upkeep::kept(keeper, *edit),
        select::Warning::OldData(old) => format!("! This rests on data that is {} old.", age(*old)),
        // Said with the weights.
        select::Warning::NotReady(_)
        | select::Warning::TooFew(..)
        | select::Warning::Unsettled(..)
        | select::Warning::Unread(..)
        | select::Warning::SidesAreGuessed
        | select::Warning::Sticky(_)
        | select::Warning::Answers(_) => String::new(),
    }
}

/// The exact call, in the API's words; what is long stands whole in the line for the shell.
fn call(confirm: &Confirm) -> String {
    const LONG: usize = 120;
    let call = &confirm.permit.call;
    let param = |(name, value): &(String, serde_json::Value)| {
        let value = value.to_string();
        if value.len() > LONG { format!("{name}: as below") } else { format!("{name}: {value}") }
    };
    let params: Vec<String> = call.params.iter().map(param).collect();
    clean(&format!("{} {}  {}", call.service, call.operation, params.join("  "))).into_owned()
}

fn cli(confirm: &Confirm, cockpit: &Cockpit) -> String {
    let region = cockpit.snapshot.identity.value().map(|identity| identity.region.as_str());
    clean(&confirm.permit.call.cli(region)).into_owned()
}

fn identity(state: &State, cockpit: &Cockpit, confirm: &Confirm) -> String {
    let who = match cockpit.snapshot.identity.value() {
        Some(identity) => format!(
            "as {}, {}, {}",
            clean(identity.name()),
            account(&identity.account),
            clean(&identity.region)
        ),
        None => "identity not known".to_owned(),
    };
    let permission = confirm.permit.call.permission();
    let known = match select::strip(state).may {
        _ if cockpit.known_permissions.contains(&permission) => "known",
        select::May::Missing(missing) if missing == permission => "missing",
        _ => "not tried yet",
    };
    format!("{who}; {permission}: {known}")
}

/// The two choices, or the field for the name.
fn choices(pen: &mut Pen<'_>, state: &State, confirm: &Confirm) {
    let Some(y) = pen.height().checked_sub(3) else { return };
    let focus = state.focus();
    let key = |command| state.settings.keymap.key(focus, command).unwrap_or_default();
    if let Some(complaint) = &confirm.complaint {
        pen.cut(3, y, pen.width().saturating_sub(6), &clean(complaint), Role::Warning);
    }
    let y = y + 1;
    let mark = pen.glyphs().choice;
    if let Some(line) = confirm.wanted() {
        let wish = match line {
            Wanted::Words => "in a few words: ".to_owned(),
            Wanted::Reason => "why, in a few words: ".to_owned(),
            Wanted::Name => format!("type {} to confirm: ", clean(&confirm.name)),
        };
        let x = pen.left(3, y, &wish, Role::Text);
        let x = pen.left(x, y, &format!("{}_", clean(&confirm.typed)), Role::Selected);
        let back = format!("keep going ({})", key(Command::Back));
        let cells = u16::try_from(back.chars().count()).unwrap_or(0);
        if x + cells + 4 < pen.width() {
            pen.right(pen.width().saturating_sub(3), y, &back, Role::Dim);
        }
        return;
    }
    let options = [
        (Choice::Keep, format!("keep going ({})", key(Command::Back))),
        (Choice::Act, format!("{} ({})", confirm.permit.action.words(), key(Command::Confirm))),
    ];
    let mut x = pen.width() / 5;
    for (choice, text) in options {
        let focused = confirm.choice == choice;
        let (lead, role) =
            if focused { (mark.to_string(), Role::Selected) } else { (" ".to_owned(), Role::Text) };
        x = pen.left(x, y, &format!("{lead} {text} "), role) + 8;
    }
}
