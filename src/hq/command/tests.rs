use ed25519_dalek::SigningKey;
use wire::sign::Sign1;

use super::*;
use crate::Founding;

const NOW: i64 = 1_588_334_400;

fn region(folder: &std::path::Path) -> Region {
    let founding = Founding {
        region: "RU-TVE".parse().unwrap(),
        name: "Тверь".to_owned(),
        territory: 69,
        utc_offset: "+03:00".to_owned(),
    };
    Region::create(&folder.join("tver"), &founding, "test", NOW).unwrap()
}

#[test]
fn numbers_rise_for_each_box_and_a_command_is_open_until_it_is_answered_or_over() {
    let folder = tempfile::tempdir().unwrap();
    let region = region(folder.path());
    let (one, two): (BoxId, BoxId) = ("post-1".parse().unwrap(), "post-2".parse().unwrap());
    for (seed, name) in [(1, &one), (2, &two)] {
        region.add_box(name, &SigningKey::from_bytes(&[seed; 32]).verifying_key(), "test", NOW).unwrap();
    }
    assert_eq!(region.command(&one, What::Report, 3600, "Ольга", NOW).unwrap(), 1);
    assert_eq!(region.command(&one, What::Restart, 60, "Ольга", NOW).unwrap(), 2);
    assert_eq!(region.command(&two, What::Heartbeat { seconds: 10 }, 60, "Ольга", NOW).unwrap(), 1);
    let open = region.commands_open(NOW).unwrap();
    assert_eq!(
        open.iter().map(|one| (one.name.as_str(), one.number)).collect::<Vec<_>>(),
        [("post-1", 1), ("post-1", 2), ("post-2", 1)]
    );
    let key = wire::sign::TrySigner::public_key(region.command_key().unwrap().as_ref());
    let payload = Sign1::parse(&open[1].signed).unwrap();
    let command: Command = wire::decode(payload.verify(Context::Command, &key).unwrap(), "command").unwrap();
    assert_eq!((command.to, command.number, command.expires, command.what), (one.clone(), 2, NOW + 60, What::Restart));
    region.answered(&one, 1, "done", NOW + 5).unwrap();
    region.answered(&one, 1, "expired", NOW + 9).unwrap();
    assert_eq!(region.commands_open(NOW + 60).unwrap().len(), 2);
    assert!(region.commands_open(NOW + 61).unwrap().is_empty());
    let entered = region.commands(Some(&one)).unwrap();
    assert_eq!(entered.iter().map(|one| one.number).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(entered[1].answer, Some((NOW + 5, "done".to_owned())));
}

#[test]
fn nobody_commands_a_box_that_is_not_known_or_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let region = region(folder.path());
    let name: BoxId = "post-1".parse().unwrap();
    let code = |seconds| region.command(&name, What::Report, seconds, "test", NOW).unwrap_err().code();
    assert_eq!(code(60), "field");
    region.add_box(&name, &SigningKey::from_bytes(&[1; 32]).verifying_key(), "test", NOW).unwrap();
    assert_eq!((code(0), code(LONGEST + 1)), ("field", "field"));
    assert!(region.command(&name, What::Report, LONGEST, "test", NOW).is_ok());
}
