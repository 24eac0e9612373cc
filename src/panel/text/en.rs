//! English.

use verdict::Reason;

use super::{Said, Words, said};
use crate::desk::{CardFault, SignIn};
use crate::enrol::{Enrol, NotEnrolled};
use crate::view::{Fault, Hint, Run, Stick};

pub const WORDS: Words = Words {
    admit: "ADMIT",
    check: "CHECK IT",
    refuse: "REFUSE",
    proven: said("The pass is valid", "Everything it states is proven."),
    passed: "LET PASS",
    turned_back: "TURNED BACK",
    next: "Next pass to the camera",
    admitted_before: said("Admitted at this time", "Same car: let it go. Another car: turn it back."),
    idle: said("Hold the pass to the camera", "QR code straight before the glass, phone screen bright."),
    idle_type: "The plate of the car can be typed beforehand.",
    only_with_document: "Valid only with an identity document",

    enrol: said("New box", "Send a photo of the code to HQ. Its answer: to the camera, or on a stick."),
    enrol_compare: "Compare:",

    yes: "YES",
    no: "NO",
    plate_agrees: "plate agrees",
    document_agrees: "document agrees",
    let_pass: "let pass",
    turn_back: "turn back",

    plate_in_pass: "Plate in the pass",
    plates_in_pass: "Plates in the pass: any one will do",
    plate_on_car: "On the car",
    in_pass: "In the pass",
    birth: "Born",
    id_digits: "Document",
    ends: "The pass is valid until",
    until: "until",
    certificate: "Certificate until",
    further: "Also:",
    and_more: "and more:",

    meant: ["plate", "code", "card", "address", "?"],
    choose_group: "A digit for the group",
    choose_letter: "A digit for the letter",
    menu_digits: "digits",
    menu_menu: "what can be done",
    menu_key: "MENU",

    titles: [
        "Menu",
        "Passage without a pass",
        "Let pass despite the refusal",
        "Purpose",
        "Where to",
        "Purpose of the trip",
    ],
    choices: [
        "Passage without a pass",
        "Let pass despite the refusal",
        "Arrival without a pass",
        "Last crossings",
        "End the shift",
        "Declare a trip",
        "Another address",
    ],
    overrides: [
        "Danger to life or health",
        "Order of a superior",
        "The documents prove the right",
        "The box is faulty",
    ],
    shift: "Shift:",
    no_shift: "No shift: service card to the camera",
    further_page: "further",
    close: "close",
    recent: "Last crossings",
    endings: ["passed", "overridden", "exempted", "turned back", "undecided"],
    without_pass: "without a pass",
    arrival: "Write down the arrival?",
    arrival_house: "Type the house and the flat",
    arrival_address: "Type the address",
    trip_stated: "Write down the trip?",
    trip_route: "Type the route",
    arrival_days: "To stay here for {days} d",
    write_down: "write down",
    take: "done",
    wait: "Wait",
    seconds: "s",

    presented: ["by link", "by code", "by card", "by plate"],
    claimed: "claims until",
    claims: "By the code, unproven: until",
    trip: "trip of",
    driver: ["Pass here", "Wait", "Go", "Stop"],

    no_time: "--:--",
    online: "Online",
    offline: "Offline",
    queue: "queue",
    release: "List",
    no_release: "No list",
    minutes: "min",
    hours: "h",
    days: "d",
    knowledge: ["keys", "revocations", "rules", "stop list", "bans", "register", "orders", "acceptance"],
    journal_fails: "NO RECORD",
    journal: "Journal",
    room_for: "Journal: room for {hours} h. Tell headquarters.",
    little_room: "Journal: little room. Tell headquarters.",

    on_stick: "on the stick",
    on_phone: "on the phone",
    on_box: "here",
    kilobytes: "kB",
    megabytes: "MB",
};

pub const fn reason(reason: Reason) -> Said {
    match reason {
        Reason::Forged => {
            said("The pass is forged", "Its electronic signature is false. Do not admit; tell your superior.")
        }
        Reason::Revoked => said("The pass was revoked", "Whoever issued it has withdrawn it. Turn the car back."),
        Reason::Suspended => {
            said("The pass is suspended", "Whoever issued it has stopped it for now. The driver should ask there.")
        }
        Reason::RevokedByRule => said(
            "The pass was revoked",
            "Headquarters withdrew all passes of this signature or batch. Turn the car back.",
        ),
        Reason::StoppedByOrder => {
            said("Stopped by order", "By order of headquarters such passes are no longer valid. Turn the car back.")
        }
        Reason::SuspendedByOrder => {
            said("Suspended by order", "By order of headquarters such passes do not count now. Turn the car back.")
        }
        Reason::WrongPlate => said("Not the plate of this pass", "It was issued for another car. Turn the car back."),
        Reason::UnknownKey => {
            said("Nobody known issued it", "The issuer is not on the current list. Do not admit; tell your superior.")
        }
        Reason::KeyNotValid => {
            said("Issuer's signature not in force", "The issuer's key is not valid now. A new pass is needed.")
        }
        Reason::OutOfScope => {
            said("Issued without authority", "This issuer may not issue such a pass. Turn the car back.")
        }
        Reason::Expired => said("The pass has expired", "A new pass is needed. Turn the car back."),
        Reason::NotYetValid => said("The pass is not valid yet", "Its validity has not begun. Turn the car back."),
        Reason::ImplausibleDates => {
            said("Impossible dates", "No pass is issued with such dates. Do not admit; tell your superior.")
        }
        Reason::WrongTerritory => {
            said("Not for this territory", "It was issued for another territory. Turn the car back.")
        }
        Reason::KindNotAdmitted => {
            said("Such passes are not admitted", "By order of headquarters this kind is not in force.")
        }
        Reason::FormatNotEnabled => {
            said("Such codes are not admitted here", "Ask for a pass that is in force in this region.")
        }
        Reason::Unreadable => {
            said("The pass's code is damaged", "Have it shown once more. If that fails, type the number of the pass.")
        }
        Reason::NotAPass => said("This is not a pass", "The code holds no pass. Ask to see the pass."),
        Reason::NoTrust => said(
            "The box is not set up",
            "It has nothing to check passes with. Check the documents; tell headquarters.",
        ),
        Reason::RegisterAlert => {
            said("Call your superior", "Do not let the car go. Compare the documents, call your superior.")
        }
        Reason::UnknownKeyOldList => said(
            "Nobody known issued it",
            "But the list here is {age} old; a newer one may name the issuer. Ask headquarters.",
        ),
        Reason::ClockInDoubt => {
            said("Do not trust the box's clock", "Compare the end of validity with your own watch.")
        }
        Reason::StatusUnknown => {
            said("Unknown whether revoked", "The list of revoked passes for it is not here. Ask headquarters.")
        }
        Reason::IdsListMissing => {
            said("Unknown whether revoked", "The numbers of revoked passes are not here. Ask headquarters.")
        }
        Reason::KnowledgeOld => {
            said("What the box knows is old", "The pass may have been revoked since. Ask headquarters.")
        }
        Reason::ComparePlate => said("Compare the plate", "The car must have the same plate."),
        Reason::PartialPlate => {
            said("Only part of the plate is known", "Compare these signs with the car's plate, then the document.")
        }
        Reason::PlateReadingDoubtful => {
            said("Compare with the car", "The plate was read with doubt. The car must have the one in the pass.")
        }
        Reason::NotAccepted => said(
            "The certificate does not do",
            "By headquarters' rules such a certificate does not entitle. Turn the car back.",
        ),
        Reason::UsedUp => said("Its trips are used up", "No more trips may be made on this pass. Turn the car back."),
        Reason::NotRegistered => {
            said("Not in the register", "The register is fresh and has no such pass. See whether it was typed right.")
        }
        Reason::TooManyAttempts => {
            said("Too many attempts", "Wrong codes were typed again and again. Wait, and check the documents.")
        }
        Reason::ConditionFails => {
            said("A condition is not met", "By headquarters' rules it does not count here and now. Turn the car back.")
        }
        Reason::UnknownLink => {
            said("The link is no pass", "The code holds a link to elsewhere. Do not open it. Ask to see the pass.")
        }
        Reason::WrongCode => {
            said("There is no such code", "The code was typed wrong. Compare it, and type it once more.")
        }
        Reason::NotRegisteredOldList => said(
            "Not in the register",
            "But the register here is {age} old; a newer one may have it. Ask headquarters.",
        ),
        Reason::RegisterMissing => {
            said("No register in the box", "There is nothing here to check such a pass with. Ask headquarters.")
        }
        Reason::UsesOld => {
            said("Perhaps used elsewhere", "What other posts have seen is not known here since long. Ask headquarters.")
        }
        Reason::RulesOpen => {
            said("The rules cannot tell", "The certificate lacks what the rules ask for. Decide by the documents.")
        }
        Reason::ConditionUnknown => {
            said("A condition cannot be told", "The box does not know what the passage depends on. Ask headquarters.")
        }
        Reason::CompareNext => {
            said("Compare the document", "Such a pass proves nothing by itself. Compare what it says.")
        }
        Reason::CompareDocument => said("Compare the document", "The document must say the same."),
    }
}

pub const fn fault(fault: Fault) -> Said {
    match fault {
        Fault::NoTrust => said(
            "The box is not set up",
            "It has nothing to check passes with. Check the documents. Tell headquarters: the box needs its data.",
        ),
        Fault::Journal => {
            said("The journal is not kept", "Crossings are not recorded. Keep a record on paper. Tell headquarters.")
        }
        Fault::Camera => said(
            "The camera does not work",
            "Type the number of the pass or the plate. Check the camera's cable. Tell headquarters.",
        ),
        Fault::CameraFrozen => {
            said("The camera has frozen", "Type the plate. Switch the box off and on. Tell headquarters.")
        }
        Fault::CameraBlack => {
            said("The camera sees only black", "Take the cap off, switch the light on. Until then, type the plate.")
        }
        Fault::CameraCovered => {
            said("The camera is covered", "Uncover the lens and wipe its glass. Until then, type the plate.")
        }
    }
}

pub const fn hint(hint: Hint) -> Said {
    match hint {
        Hint::Unread => {
            said("Closer, and keep still", "The code is seen but cannot be read. Hold it flat, without glare.")
        }
        Hint::TooFar => said("Closer", "The code is too small for the camera."),
        Hint::TooClose => said("Further from the camera", "The code is larger than what the camera sees."),
        Hint::TooDark => {
            said("Dark: more light on it", "Make the phone's screen brighter, or put a light on the pass.")
        }
        Hint::Glare => {
            said("Glare: tilt it", "A light is reflected in the code. Turn the phone or the sheet a little.")
        }
        Hint::Blurred => {
            said("Hold it still", "The code is out of focus. Do not move it, or hold it a little further off.")
        }
        Hint::CutOff => said("Show the whole code", "A part of it is covered or out of sight. Take the finger off it."),
        Hint::NotQr => said("This is not a QR code", "It is a code of another kind. Ask for the QR code of the pass."),
    }
}

pub const fn stick(stick: &Stick) -> Said {
    match stick {
        Stick::Reading { .. } => said("Reading the stick", "Leave it in."),
        Stick::Adopted { .. } => said("The list was taken", "The box works by it already. You can take the stick out."),
        Stick::Current { .. } => said("This list is here", "The stick holds nothing new. You can take it out."),
        Stick::Older { .. } => said("The box has a newer list", "It does not need this stick. You can take it out."),
        Stick::OtherRegion { .. } => said("For another region", "This stick is not for boxes here. Take it out."),
        Stick::Damaged => {
            said("The stick is damaged", "Its list is not whole. Take it out and ask headquarters for a new one.")
        }
        Stick::NotSigned => {
            said("Not from headquarters", "The list is not signed by them. Take the stick out, tell your superior.")
        }
        Stick::TooOld => {
            said("The list has run out", "Take the stick out and ask for a new one. Compare the box's clock.")
        }
        Stick::Pulled => said("Taken out too early", "Put the stick in again: the reading goes on where it was."),
        Stick::Nothing => said("No list on the stick", "It holds nothing for this box. Get one from headquarters."),
        Stick::Failed => said(
            "The list was not stored",
            "The box's memory cannot be written, the old list serves. Tell headquarters.",
        ),
        Stick::Settled => {
            said("The receipt was taken", "Headquarters has what this box wrote down. You can take the stick out.")
        }
        Stick::WrongReceipt => {
            said("The receipt does not fit", "It is not for this box. Take it out, tell headquarters.")
        }
    }
}

pub const fn run(run: &Run) -> Said {
    match run {
        Run::Receiving { .. } => said("Receiving the update", "Keep the phone before the camera."),
        Run::Checking => said("Checking the update", "All of it is here. The phone is not needed any more."),
        Run::Adopted { .. } => said("The update was taken", "The box works by it already. Take the phone away."),
        Run::Current { .. } => said("This update is here", "It brings nothing new. Take the phone away."),
        Run::Older { .. } => said("The box is newer", "It does not need this update. Take the phone away."),
        Run::OtherRegion { .. } => said("For another region", "This update is not for boxes here."),
        Run::Missing => {
            said("An update is missing", "The one before it never came. Ask headquarters for a fuller one.")
        }
        Run::NotSigned => {
            said("Not from headquarters", "The update is not signed by them. Take the phone away, tell your superior.")
        }
        Run::TooOld => said("The update has run out", "Ask headquarters for a new one. Compare the box's clock."),
        Run::Failed => {
            said("Not stored", "The box's memory cannot be written, the list before serves. Tell headquarters.")
        }
    }
}

pub const fn sign_in(sign_in: &SignIn) -> Said {
    match sign_in {
        SignIn::Card => said("Begin the shift", "Service card to the camera. Nobody is judged without a shift."),
        SignIn::Pin { wait: 1.., .. } => said("Wrong PIN", "Too many mistakes. Wait."),
        SignIn::Pin { wrong: true, .. } => said("Wrong PIN", "Type it once more and press YES."),
        SignIn::Pin { .. } => said("Type the PIN", "Then press YES."),
        SignIn::Refused(why) => match why {
            CardFault::Unreadable => {
                said("Unreadable card", "The code of the service card is damaged. Ask for a new one.")
            }
            CardFault::NotSigned => {
                said("Not from headquarters", "Nobody there has signed this card. Tell your superior.")
            }
            CardFault::OtherRegion => said("Another region's card", "It begins no shift here."),
            CardFault::NotNow => {
                said("The card does not count", "Its time is over or to come. Compare the box's clock.")
            }
        },
    }
}

pub const fn enrol(enrol: &Enrol) -> Said {
    match enrol {
        Enrol::Request { .. } => WORDS.enrol,
        Enrol::Receiving { .. } => said("Receiving HQ's answer", "Keep the phone before the camera."),
        Enrol::Accepted { .. } => said("The box is enrolled", "Headquarters knows it. It begins its work now."),
        Enrol::Refused(why) => match why {
            NotEnrolled::Damaged => {
                said("Not HQ's answer", "Or not all of it was read. Show it once more, or ask for a new one.")
            }
            NotEnrolled::NotSigned => {
                said("The signature is false", "The answer was changed on the way. Do not use it; tell headquarters.")
            }
            NotEnrolled::OtherRoot => said(
                "Signed by another HQ",
                "Compare the box's digits with headquarters. If they agree, put in a stick from there.",
            ),
            NotEnrolled::OtherRegion { .. } => {
                said("For another region", "It is not for boxes here. Ask headquarters for your own.")
            }
            NotEnrolled::OtherBox { .. } => {
                said("For another box", "Show it to that box. This one needs the answer to the code on its own panel.")
            }
            NotEnrolled::Replayed => said(
                "An answer to an old code",
                "The box needs the answer to the code on its panel now. Send that one.",
            ),
            NotEnrolled::Unfit => {
                said("The answer does not fit", "It was made for other keys than this box's. Send the code once more.")
            }
            NotEnrolled::TooOld => {
                said("The answer has run out", "Send the code once more and ask for a new answer. Compare the clock.")
            }
            NotEnrolled::Failed => said("Not stored", "The box's memory cannot be written. Tell headquarters."),
        },
    }
}
