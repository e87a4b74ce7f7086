//! An operator's decisions about commissions: releases and rejections.

use super::Run;
use serde_json::json;
use signpost::store::Sql;

impl<S: Sql> Run<S> {
    /// One of the newest commissions, with its conversion's index. Old ones are mostly reversed or payable.
    fn commission(&mut self) -> Option<(usize, String)> {
        let last = self.model.conversions.len().checked_sub(1)?;
        let index = last - self.roll(last.min(40) + 1);
        self.commission_of(index).map(|id| (index, id))
    }

    fn commission_of(&mut self, index: usize) -> Option<String> {
        let target = format!("/v1/conversions/{}", self.model.conversions[index].id);
        self.ledger.get(&target).json["commissions"][0]["id"].as_str().map(str::to_owned)
    }

    pub fn release(&mut self) {
        // Few commissions are held, so a held one is chosen most of the time.
        let held = |index: &usize| !self.model.conversions[*index].held.is_empty();
        let held: Vec<usize> = (0..self.model.conversions.len()).rev().filter(held).take(20).collect();
        let chosen = if held.is_empty() || self.roll(4) == 0 {
            self.commission()
        } else {
            let index = held[self.roll(held.len())];
            self.commission_of(index).map(|id| (index, id))
        };
        let Some((index, id)) = chosen else { return };
        let answer = self.ledger.post(&format!("/v1/commissions/{id}/release"), &json!({}));
        let conversion = &mut self.model.conversions[index];
        let is_held = !conversion.held.is_empty() && !conversion.is_reversed();
        if !is_held {
            assert_eq!(answer.problem(), (409, "not_held".to_owned()));
            return;
        }
        assert_eq!(answer.status, 200, "{}", answer.raw.body);
        conversion.held.clear();
        self.model.released += 1;
    }

    pub fn reject(&mut self) {
        let Some((index, id)) = self.commission() else { return };
        let target = format!("/v1/commissions/{id}/reject");
        let answer = self.ledger.post(&target, &json!({"note": "at random"}));
        let conversion = &mut self.model.conversions[index];
        if conversion.is_reversed() {
            assert_eq!(answer.problem(), (409, "not_rejectable".to_owned()));
            return;
        }
        assert_eq!(answer.json["reversed"], conversion.commission, "{}", answer.raw.body);
        conversion.reversed = conversion.commission;
        conversion.is_rejected = true;
        self.model.rejected += 1;
    }
}
