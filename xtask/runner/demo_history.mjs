// The demo's history: 90 days of clicks, leads, sales, renewals, refunds and purchases by partners themselves. It is a pure
// function of the programme and the day, so that two loads of one day write the same.

export const DAYS = 90;
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const SEED = 20_261_122;

/** Clicks on each link of a partner on a working day, and how many of 1,000 visitors buy or become a lead. */
const TRAFFIC = {
  consultant: { clicks: 2, sales: 60, leads: 40 },
  agency: { clicks: 3, sales: 50, leads: 30 },
  integrator: { clicks: 2, sales: 50, leads: 50 },
  distributor: { clicks: 5, sales: 45, leads: 20 },
  influencer: { clicks: 7, sales: 22, leads: 10 },
  creator: { clicks: 5, sales: 30, leads: 15 },
  media: { clicks: 5, sales: 20, leads: 45 },
};
/** Prices in minor units, and their weights. */
const PRICES = [[4_900, 30], [9_900, 25], [29_900, 20], [49_900, 15], [149_000, 8], [499_000, 2]];
const DEVICES = [["mobile", 55], ["desktop", 40], ["tablet", 5]];
const COUNTRIES = [["DE", 30], ["FR", 15], ["GB", 15], ["US", 15], ["IT", 10], ["ES", 10], ["BR", 5]];

/** A random generator with a fixed seed (mulberry32). */
function dice(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit) => Math.floor(next() * limit);
  const pick = (weighted) => {
    let left = below(weighted.reduce((sum, [, weight]) => sum + weight, 0));
    return weighted.find(([, weight]) => (left -= weight) < 0)[0];
  };
  return { below, pick, chance: (thousandths) => below(1_000) < thousandths };
}

const iso = (ms) => new Date(ms).toISOString();
const date = (ms) => iso(ms).slice(0, 10);
/** The first millisecond of the month that is `months` before that of `now`. */
const monthStart = (now, months) => Date.UTC(new Date(now).getUTCFullYear(), new Date(now).getUTCMonth() - months, 1);

/** The month before last, and when its partners were paid. Last month is left to be paid. */
export function closedMonth(now) {
  const to = monthStart(now, 1) - DAY_MS;
  return { from: date(monthStart(now, 2)), to: date(to), endMs: to + DAY_MS - 1, paidMs: to + 3 * DAY_MS + 9 * 3_600_000 };
}

/** Lines for the listings, partners and links of the programme, from before the history. */
export function base({ listings, partners }, now) {
  const created_at = iso(now - (DAYS + 1) * DAY_MS);
  const lines = listings.map(({ ref, ...listing }) => ({ object: "listing", external_id: `demo-${ref}`, created_at, ...listing }));
  for (const { partner, links } of partners) {
    lines.push({ object: "partner", created_at, ...partner });
    for (const [index, { listing, ...link }] of links.entries()) {
      lines.push({
        object: "link", external_id: `demo-${partner.external_id}-${index}`, created_at, partner_id: `ext:${partner.external_id}`,
        listing_id: `ext:demo-${listing}`, ...link,
      });
    }
  }
  return lines;
}

/** The history as lines of an import, in the order of time. */
export function history({ partners }, now) {
  const { below, pick, chance } = dice(SEED);
  const { endMs, paidMs } = closedMonth(now);
  const today = now - (now % DAY_MS);
  const lines = [];
  let clicks = 0;
  let orders = 0;
  const add = (ms, fields) => lines.push({ ms, fields });

  const refund = (order, ms, amount) => {
    // The closed month is final from its end to its payment, so that its payments are what was payable at its end.
    const at = ms + (2 + below(18)) * DAY_MS;
    if (at >= now || (at > endMs && at <= paidMs)) return;
    const part = chance(500) ? {} : { amount: Math.floor(amount / 2) };
    add(at, { object: "refund", external_id: `demo-refund-${order}`, created_at: iso(at), conversion_id: `ext:demo-order-${order}`, ...part });
  };

  const sale = (partner, click, ms) => {
    orders += 1;
    const order = orders;
    const amount = pick(PRICES);
    const isOwn = chance(60);
    const isSubscription = !isOwn && chance(300);
    const money = { amount, currency: "EUR" };
    const customer_id = isOwn ? partner.email : `demo-customer-${order}`;
    const type = isSubscription ? "subscription_started" : "sale";
    add(ms, { object: "conversion", type, external_id: `demo-order-${order}`, occurred_at: iso(ms), click_id: `ext:${click}`, customer_id, ...money });
    if (chance(100)) refund(order, ms, amount);
    for (let month = 1; isSubscription && ms + month * 30 * DAY_MS < now; month += 1) {
      const at = ms + month * 30 * DAY_MS;
      add(at, { object: "conversion", type: "subscription_renewed", external_id: `demo-renewal-${order}-${month}`, occurred_at: iso(at), customer_id, ...money });
    }
  };

  const visit = (partner, link, ms, { sales, leads }) => {
    clicks += 1;
    const click = `demo-click-${clicks}`;
    const fields = {
      object: "click", external_id: click, created_at: iso(ms), link_id: `ext:${link}`, country: pick(COUNTRIES), device: pick(DEVICES), visitor: click,
    };
    if (chance(80)) return add(ms, { ...fields, class: "bot", device: "unknown" });
    add(ms, fields);
    if (chance(60)) {
      clicks += 1;
      const again = ms + (1 + below(40)) * MINUTE_MS;
      if (again < now) add(again, { ...fields, external_id: `demo-click-${clicks}`, created_at: iso(again), trail: [`ext:${click}`] });
    }
    const later = ms + (2 + below(180)) * MINUTE_MS;
    if (later >= now) return undefined;
    if (chance(sales)) sale(partner, click, later);
    else if (chance(leads)) {
      add(later, { object: "conversion", type: "lead", external_id: `demo-lead-${clicks}`, occurred_at: iso(later), click_id: `ext:${click}`, customer_id: `demo-prospect-${clicks}` });
    }
    return undefined;
  };

  for (let day = DAYS; day >= 0; day -= 1) {
    const start = today - day * DAY_MS;
    const isWeekend = [0, 6].includes(new Date(start).getUTCDay());
    for (const { partner, links } of partners) {
      const traffic = TRAFFIC[partner.kind];
      for (const index of links.keys()) {
        const visits = below(2 * (isWeekend ? Math.ceil(traffic.clicks / 2) : traffic.clicks) + 1);
        for (let n = 0; n < visits; n += 1) {
          const at = start + below(DAY_MS / 1_000) * 1_000;
          if (at < now) visit(partner, `demo-${partner.external_id}-${index}`, at, traffic);
        }
      }
    }
  }
  // The sort is stable: what happens in the same millisecond stays in its order.
  return lines.sort((one, other) => one.ms - other.ms);
}

/** Lines for what partners were paid for the closed month. `balances` are those of its end. */
export function payouts(now, balances, externalIds) {
  const { from, to, paidMs } = closedMonth(now);
  return balances
    .filter(({ payable }) => payable > 0)
    .map(({ partner_id, currency, payable }) => ({
      object: "payout", external_id: `demo-payout-${externalIds.get(partner_id)}-${to}`, created_at: iso(paidMs), partner_id,
      period: { from, to }, amount: { amount: payable, currency }, reference: `${date(paidMs)}/${externalIds.get(partner_id)}`,
    }));
}
