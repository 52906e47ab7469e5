import { common, testSeeds } from './seeds.ts';

testSeeds('transactions on brokers that stop and start', 1, [...common, 'stops']);
