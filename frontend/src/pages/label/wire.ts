/** What the server says and hears on the label page. Label Studio's shapes; only the keys that the page reads. */

import type { LsResult } from '../../editor/model/types.ts';

export interface WireUser {
  readonly id: number;
  readonly email: string;
  readonly first_name?: string;
  readonly last_name?: string;
  /** Of every page and program that keeps keys there, by its own names. */
  readonly custom_hotkeys?: Readonly<Record<string, unknown>>;
}

export interface WireSession {
  readonly user: WireUser | null;
  /** The person's own choice. */
  readonly language?: string | null;
}

export interface WireProject {
  readonly id: number;
  readonly title: string;
  readonly label_config: string;
  readonly expert_instruction?: string | null;
  readonly show_instruction?: boolean;
  readonly show_skip_button?: boolean;
  readonly enable_empty_annotation?: boolean;
  readonly show_collab_predictions?: boolean;
  readonly model_version?: string | null;
  readonly task_number?: number | null;
  readonly finished_task_number?: number | null;
}

/** A connected model, as much of it as everybody who labels may know. */
export interface WireModel {
  readonly id: number;
  readonly title: string;
  readonly is_interactive: boolean;
  /** Seconds that the server waits for its answer. */
  readonly timeout: number;
  /** What its versions call themselves, and their numbers here. */
  readonly versions?: ReadonlyArray<{ readonly name: string; readonly number: number }>;
}

export interface WirePrediction {
  readonly id: number;
  readonly result: readonly LsResult[];
  readonly model_version?: string | null;
  readonly score?: number | null;
  readonly created_at?: string;
}

export interface WireAnnotation {
  readonly id: number;
  readonly result: readonly LsResult[];
  readonly completed_by?: number | { readonly id: number; readonly email?: string } | null;
  readonly was_cancelled?: boolean;
  readonly lead_time?: number | null;
  readonly updated_at?: string;
}

export interface WireDraft {
  readonly id: number;
  readonly result: readonly LsResult[];
  /** The e-mail of its author. */
  readonly user?: string;
  readonly annotation?: number | null;
  readonly lead_time?: number | null;
  readonly updated_at?: string;
}

export interface WireTask {
  readonly id: number;
  readonly inner_id?: number;
  readonly project?: number;
  readonly data: Readonly<Record<string, unknown>>;
  readonly annotations?: readonly WireAnnotation[];
  readonly drafts?: readonly WireDraft[];
  readonly predictions?: readonly WirePrediction[];
  readonly source_change?: WireSourceChange | null;
}

/** That the file of a source changed under what was made of its task. */
export interface WireSourceChange {
  readonly at: string;
  /** What stands for the file in a task's data. */
  readonly address: string;
  /** The commit that it is read at now, where it lies in a repo. */
  readonly commit: string | null;
  /** When it came to be as it is at each commit, newest first. */
  readonly versions: ReadonlyArray<{ readonly at: string; readonly commit: string }>;
}

export interface WireHistoryItem {
  readonly taskId: number;
  readonly annotationId: number | null;
}

/** A refusal, as the server words it. */
export interface WireError {
  readonly status_code?: number;
  readonly detail?: string;
  readonly code?: string;
  readonly validation_errors?: Readonly<Record<string, readonly string[]>>;
  /** The object as it stands on the server, with a 409. */
  readonly current?: unknown;
  /** Its version. */
  readonly etag?: string;
}

export function authorOf(annotation: WireAnnotation): number | null {
  const author = annotation.completed_by;
  if (author === null || author === undefined) return null;
  return typeof author === 'number' ? author : author.id;
}
