import { provideBuild, provideToolRunner } from './shared.ts';

export default async function setup(): Promise<void> {
  await provideBuild();
  await provideToolRunner();
}
