use super::*;

#[test]
fn a_box_writes_what_the_vocabulary_lets_it_say_and_nothing_else() {
    let region = "RU-TVE".parse().unwrap();
    let name = "%u";
    let rights = rights(&region);
    let known: wire::BoxId = "post-1".parse().unwrap();
    for up in [topic::Up::Crossings, topic::Up::State, topic::Up::Health] {
        let line = format!("pattern write {}", up.of(&region, &known).replace("post-1", name));
        assert!(rights.lines().any(|said| said == line), "{line}");
    }
    for down in [topic::Down::Receipt, topic::Down::Command] {
        let line = format!("pattern read {}", down.of(&region, &known).replace("post-1", name));
        assert!(rights.lines().any(|said| said == line), "{line}");
    }
    let own = format!("{ROOT}/RU-TVE/box/%u/");
    assert!(rights.lines().filter(|line| line.starts_with("pattern write")).all(|line| line.contains(&own)));
    assert!(!rights.contains("readwrite checkpoint/1/RU-TVE/box"));
}
