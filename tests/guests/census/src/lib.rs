//! Conditions that read one attribute of the NPC that they are asked about: what a tick of many NPCs is measured with.

use portcullis_sdk::prelude::*;

#[derive(Default)]
struct Census;

impl Conditions for Census {
    fn evaluate(&self, name: &str, subject: &Subject, params: &Params) -> Result<bool, Failure> {
        match name {
            "always" => Ok(true),
            "attribute-at-least" => {
                let attribute: String = params.get("attribute")?;
                let found = npc::attribute::<i64>(subject.npc()?, &attribute)?;
                Ok(found.is_some_and(|found| found >= params.get("value").unwrap_or(0)))
            }
            other => Err(Failure::unknown(other)),
        }
    }
}

portcullis_sdk::plugin!(Census: conditions);
