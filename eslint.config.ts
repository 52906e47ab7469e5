import eslint from '@eslint/js';
import importX from 'eslint-plugin-import-x';
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** What a room may import; everything above it is forbidden. The front door may use all. */
const roomsAbove = [
  {
    target: './src/host',
    from: ['./src/protocol', './src/storage', './src/coordination', './src/broker'],
  },
  {
    target: './src/protocol',
    from: ['./src/host', './src/storage', './src/coordination', './src/broker'],
  },
  { target: './src/storage', from: ['./src/coordination', './src/broker'] },
  { target: './src/coordination', from: ['./src/broker'] },
  { target: './src', from: ['./bin', './test', './bench', './scripts'] },
];

/** Time and chance come in through `src/host` (its clock and random files), never directly. */
const bannedGlobals = ['setTimeout', 'setInterval', 'setImmediate', 'performance'].map((name) => ({
  name,
  message: 'Take a Clock as a constructor argument (src/host/clock.ts).',
}));
const bannedProperties = [
  { object: 'Date', property: 'now', message: 'Use Clock.wallMs().' },
  { object: 'Math', property: 'random', message: 'Use Random.' },
  { object: 'process', property: 'hrtime', message: 'Use Clock.monotonicMs().' },
];
const bannedImports = {
  patterns: [
    { group: ['node:fs', 'node:fs/promises', 'fs'], message: 'Use Disk (src/host/disk.ts).' },
    {
      group: ['node:crypto', 'crypto'],
      importNames: ['randomUUID', 'randomBytes', 'randomInt'],
      message: 'Use Random (src/host/random.ts).',
    },
    { group: ['node:timers', 'node:timers/promises'], message: 'Use Clock.' },
  ],
};

export default defineConfig(
  { ignores: ['dist', 'node_modules', 'coverage', '.cache', 'test/compat/clients', 'test/data'] },
  eslint.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    plugins: { 'import-x': importX },
    settings: {
      'import-x/resolver-next': [createTypeScriptImportResolver({ project: './tsconfig.json' })],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] },
    },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/require-await': 'off', // interfaces are async where one implementation waits
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: true },
      ],
      'import-x/no-cycle': 'error',
      'import-x/no-restricted-paths': ['error', { zones: roomsAbove }],
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'no-restricted-globals': ['error', ...bannedGlobals],
      'no-restricted-properties': ['error', ...bannedProperties],
      'no-restricted-imports': ['error', bannedImports],
    },
  },
  {
    files: ['src/host/**/*.ts'],
    rules: {
      'no-restricted-globals': 'off',
      'no-restricted-properties': 'off',
      'no-restricted-imports': 'off',
    },
  },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off', // a test may know what it built
    },
  },
);
