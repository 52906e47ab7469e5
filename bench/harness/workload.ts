import type { ClientRun } from './clients.ts';
import type { PeerBroker, PeerName, PeerOptions } from './peers.ts';
import type { Alone } from './turns.ts';

/** A broker that a case drives. */
export interface Target extends PeerBroker {
  readonly peer: PeerName;
  readonly pid: number;
  /** Creates a topic with a name that this broker has not had. */
  readonly newTopic: (
    partitions: number,
    configs?: Readonly<Record<string, string>>,
  ) => Promise<string>;
}

/** What is wanted of a figure: Odradek's through the other's, or Odradek's alone. */
export interface Aim {
  readonly atMost?: number;
  readonly atLeast?: number;
  readonly absoluteAtMost?: number;
  /** The same beside kfake. */
  readonly kfakeAtMost?: number;
  readonly kfakeAtLeast?: number;
}

/** Figures of one run, by name (figures.ts knows their units). */
export type Figures = Readonly<Record<string, number>>;

export interface Case {
  readonly name: string;
  /** The figures that are shown, in order. */
  readonly shows: Readonly<Record<string, Aim>>;
  /** Why it cannot be driven on this machine, or null; it can where this is left out. */
  readonly whyNot?: () => Promise<string | null>;
  /** What is not measured: makes topics and data. Its result is given to `drive`. */
  readonly prepare?: (target: Target) => Promise<string>;
  /** What is measured; left out where the workload runs as a whole. */
  readonly drive?: (target: Target, prepared: string) => Promise<ClientRun>;
}

export interface Workload {
  readonly number: number;
  readonly name: string;
  readonly title: string;
  /** Peers that can do it; all when left out. */
  readonly peers?: readonly PeerName[];
  readonly settings?: PeerOptions['settings'];
  /** Whether the event loop of Odradek is watched, which gives the figure `loopP99Ms`. */
  readonly watchesLoop?: boolean;
  readonly cases: (size: Size) => readonly Case[];
  /**
   * In the place of driving cases one by one: everything from an empty folder on, for what a broker
   * that runs already cannot show. Figures by name of the case.
   */
  readonly whole?: (bench: WholeRun, size: Size) => Promise<Readonly<Record<string, Figures>>>;
  /** All its rounds begin at once, and `whole` says what it does alone: for long waits. */
  readonly isSideBySide?: boolean;
}

export interface WholeRun {
  readonly peer: PeerName;
  readonly folder: string;
  readonly make: (options?: PeerOptions) => Promise<PeerBroker>;
  /** How the broker is ended at last. */
  readonly lastSignal: 'SIGKILL' | 'SIGTERM';
  /** Runs what is measured, or weighs on others, while no other round does (see isSideBySide). */
  readonly alone: Alone;
}

/** `quick` is for trying the bench itself; its figures mean little. */
export type Size = 'full' | 'quick';

export const gibibyte = 1024 ** 3;
