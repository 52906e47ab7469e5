import { invalidValue } from './config-error.ts';
import type { Check } from './config-key.ts';

/** Levels of gzip: -1 is the codec's own choice. */
export const gzipLevel: Check = {
  range: '[1,...,9] or -1',
  ensure(name, value, text) {
    const level = Number(value);
    if (level !== -1 && (level < 1 || level > 9)) {
      throw invalidValue(name, text, 'Value must be between 1 and 9 or equal to -1');
    }
  },
};

/** Replicas as `partition:broker`, or `*` for all. */
export const throttledReplicas: Check = {
  range: '[partitionId]:[brokerId],[partitionId]:[brokerId],...',
  ensure(name, value) {
    const replicas = (value as readonly string[]).map((replica) => replica.trim());
    if (replicas.join('') === '*') return;
    if (replicas.every((replica) => /^(\d+:\d+)?$/.test(replica))) return;
    const rule =
      `${name} must be the literal '*' or a list of replicas in the following format: ` +
      '[partitionId]:[brokerId],[partitionId]:[brokerId],...';
    throw invalidValue(name, `[${replicas.join(', ')}]`, rule);
  },
};

const iso8601Duration = /^P(?=.)(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+([.,]\d{1,9})?S)?)?$/i;

/** Where a share group begins. */
export const offsetReset: Check = {
  range: '[latest, earliest, by_duration:PnDTnHnMn.nS]',
  ensure(name, value, text) {
    const word = String(value).toLowerCase();
    if (word === 'earliest' || word === 'latest') return;
    const [strategy, duration = ''] = word.split(/:(.*)/s);
    if (strategy === 'by_duration' && iso8601Duration.test(duration)) return;
    const rule =
      `Invalid value \`${String(value)}\` for configuration ${name}. The value must be either ` +
      "'earliest', 'latest' or of the format 'by_duration:<PnDTnHnMn.nS>'.";
    throw invalidValue(name, text, rule);
  },
};
