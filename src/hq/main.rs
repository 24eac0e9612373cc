//! The program of the headquarters: parse the command line, nothing else.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use hq::commands::{
    add_box, arrivals, broker, card, command, conflict, import, import_journal, init, issue, issuer, order, policy,
    register, release, revoke, root, serve, show_run, stick, trust_certificate,
};

/// The region: issue and revoke passes, publish releases, collect what boxes report
#[derive(Parser)]
#[command(
    version,
    after_help = "Example:\n  \
        checkpoint-hq init tver --region RU-TVE --name 'Тверская область' --territory 69\n  \
        checkpoint-hq issue tver --kind work --plate 'А123ВС77' --out passes\n  \
        checkpoint-hq release tver\n  \
        checkpoint-hq serve tver --embedded-broker 127.0.0.1:1883\n\n\
        Exit codes: 0 done, 1 something failed, 2 wrong usage, 3 refused by the region's own rules."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Init(init::Args),
    Issue(Box<issue::Args>),
    Revoke(revoke::Args),
    Order(order::Args),
    Policy(policy::Args),
    Register(register::Args),
    Root(root::Args),
    Serve(serve::Args),
    Release(release::Args),
    Stick(stick::Args),
    ShowRun(show_run::Args),
    TrustCertificate(trust_certificate::Args),
    Import(import::Args),
    ImportJournal(import_journal::Args),
    Issuer(issuer::Args),
    Box(add_box::Args),
    #[command(name = "command")]
    Tell(command::Args),
    Conflict(conflict::Args),
    Card(card::Args),
    Arrivals(arrivals::Arrivals),
    Shifts(arrivals::Shifts),
    Broker(broker::Args),
}

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Init(args) => init::run(args),
        Command::Issue(args) => issue::run(*args),
        Command::Release(args) => release::run(args),
        Command::Stick(args) => stick::run(args),
        Command::ShowRun(args) => show_run::run(args),
        Command::Revoke(args) => revoke::run(args),
        Command::Order(args) => order::run(args),
        Command::Policy(args) => policy::run(args),
        Command::Register(args) => register::run(args),
        Command::Root(args) => root::run(args),
        Command::Serve(args) => serve::run(args),
        Command::TrustCertificate(args) => trust_certificate::run(args),
        Command::Import(args) => import::run(args),
        Command::ImportJournal(args) => import_journal::run(args),
        Command::Issuer(args) => issuer::run(args),
        Command::Box(args) => add_box::run(args),
        Command::Tell(args) => command::run(args),
        Command::Conflict(args) => conflict::run(args),
        Command::Card(args) => card::run(args),
        Command::Arrivals(args) => arrivals::arrivals(&args),
        Command::Shifts(args) => arrivals::shifts(&args),
        Command::Broker(args) => broker::run(args),
    }
}
