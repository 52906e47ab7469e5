import { prepareClients, provideTarget, provideToolRunner, type ChosenFiles } from './shared.ts';

export default async function setup(chosen: ChosenFiles): Promise<void> {
  prepareClients(chosen);
  await provideToolRunner();
  await provideTarget('odradek');
}
