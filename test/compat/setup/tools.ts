import { provideComparison } from './shared.ts';

export default async function setup(): Promise<void> {
  await provideComparison();
}
