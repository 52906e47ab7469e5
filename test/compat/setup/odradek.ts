import { provideTarget, provideToolRunner } from './shared.ts';

export default async function setup(): Promise<void> {
  await provideToolRunner();
  await provideTarget('odradek');
}
