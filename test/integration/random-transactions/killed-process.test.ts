import { common, testSeeds } from './seeds.ts';

testSeeds('transactions on a process that is killed', 2, [...common, 'kills']);
