import { int, list } from '../config-key.ts';

/** Settings of a client metrics subscription. */
export const clientMetricsKeys = {
  'interval.ms': int(300_000, 'How often clients push.'),
  match: list('', "Which clients, as NAME=REGULAR_EXPRESSION pairs of a client's properties."),
  metrics: list('', 'Names or prefixes of the metrics wanted; `*`: all.'),
};
