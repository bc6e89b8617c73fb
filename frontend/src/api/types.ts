/** The wire, as the server speaks it. Times are ISO 8601 in UTC. Only what the pages read is listed. */
export type Time = string;

export interface Person {
  id: number;
  email: string;
  username?: string;
  first_name: string;
  last_name: string;
  initials?: string;
  avatar?: string | null;
  /** Of oneself, in the session. */
  is_admin?: boolean;
  /** A program of a workspace, and no person. */
  is_service_account?: boolean;
}

export interface Workspace {
  id: number;
  name: string;
  title: string;
  role: string;
  /** How many projects it holds, where the server says so: in the session. */
  projects?: number;
}

export interface Session {
  user: Person | null;
  workspaces: Workspace[];
  /** Who may sign up: anybody, those with an invitation, or the very first person, who then owns the installation. */
  sign_up: 'open' | 'invited' | 'first';
  version: string;
  /** The person's own choice; null: none, or nobody is signed in. */
  language?: string | null;
}

export interface Project {
  id: number;
  title: string;
  description: string;
  label_config: string;
  expert_instruction: string;
  show_instruction: boolean;
  show_skip_button: boolean;
  enable_empty_annotation: boolean;
  maximum_annotations: number;
  sampling: string;
  skip_queue: string;
  show_collab_predictions: boolean;
  /** Whether a model is asked about a task when somebody opens it. */
  evaluate_predictions_automatically?: boolean;
  model_version: string | null;
  color: string;
  workspace: number;
  created_at: Time;
  created_by: Person | null;
  pinned_at: Time | null;
  task_number: number | null;
  finished_task_number: number | null;
  /** The tasks without those that are retired and not labelled: when so many are labelled, all is done. */
  queue_total?: number | null;
  num_tasks_with_annotations: number | null;
  total_annotations_number: number | null;
  skipped_annotations_number: number | null;
  total_predictions_number: number | null;
  parsed_label_config?: Record<string, ParsedControl>;
}

export interface ParsedControl {
  type: string;
  to_name: string[];
  inputs: Array<{ type: string; value: string | null }>;
  labels: string[];
  labels_attrs: Record<string, Record<string, string>>;
}

export interface Paged<T> {
  count: number;
  next: string | null;
  previous: string | null;
  results: T[];
}

export interface TaskRow {
  id: number;
  inner_id: number;
  project: number;
  data: Record<string, unknown>;
  is_labeled: boolean;
  overlap: number;
  annotators: Array<number | { id?: number; user_id?: number }>;
  assignees?: number[];
  annotations?: TaskAnnotation[];
  predictions?: TaskPrediction[];
  drafts?: TaskDraft[];
  total_annotations: number;
  cancelled_annotations: number;
  total_predictions: number;
  annotations_ids: string | number[];
  draft_exists?: boolean;
  predictions_score?: number | null;
  predictions_model_versions?: string;
  labels?: Record<string, number>;
  /** How it stands to the source that it came from, where it came from one. */
  source_state?: 'new' | 'synced' | 'changed' | 'retired' | null;
  /** Of a task alone: when its file last changed, where it did. */
  source_change?: { at: Time } | null;
  completed_at?: Time | null;
  /** Seconds, the mean of the annotations. */
  avg_lead_time?: number | null;
  created_at: Time;
  updated_at: Time;
}

/** A task as a list gives it with all work, and as it is given alone. */
export interface WholeTask extends TaskRow {
  annotations: TaskAnnotation[];
  predictions: TaskPrediction[];
  drafts: TaskDraft[];
}

export interface TaskResult {
  id?: string;
  type: string;
  from_name?: string;
  to_name?: string;
  value: Record<string, unknown>;
  original_width?: number;
  original_height?: number;
  score?: number | null;
}

export interface TaskAnnotation {
  id: number;
  result: TaskResult[];
  completed_by: number | Person | null;
  was_cancelled: boolean;
  ground_truth: boolean;
  lead_time: number | null;
  created_at: Time;
  updated_at: Time;
}

export interface TaskPrediction {
  id: number;
  result: TaskResult[];
  model_version: string | null;
  score: number | null;
  created_at: Time;
}

export interface TaskDraft {
  id: number;
  result: TaskResult[];
  /** The e-mail of its author. */
  user: string | null;
  annotation: number | null;
  created_at: Time;
  updated_at: Time;
}

export interface TaskPage {
  tasks: TaskRow[];
  total: number;
  total_annotations: number;
  total_predictions: number;
}

export interface Column {
  id: string;
  title: string;
  type: string;
  parent?: string;
  help?: string;
  target: string;
  project_defined?: boolean;
  schema?: { items?: unknown[] } | null;
}

export interface FilterItem {
  filter: string;
  operator: string;
  type: string;
  value: unknown;
}

export interface ViewData {
  title?: string;
  filters?: { conjunction: 'and' | 'or'; items: FilterItem[] };
  ordering?: string[];
  type?: 'list' | 'grid';
  target?: string;
  hiddenColumns?: { explore: string[]; labeling: string[] };
  columnsWidth?: Record<string, number>;
  columnsDisplayType?: Record<string, string>;
  /** Our own: all columns in the order that they stand in. */
  columnsOrder?: string[];
  /** How many pictures stand side by side. */
  gridWidth?: number;
  /** Our own: it only stands for a selection while that is exported. */
  isPassing?: boolean;
}

export interface View {
  id: number;
  project: number;
  data: ViewData;
  user?: number | null;
  is_private?: boolean;
}

export interface Template {
  key?: string;
  title: string;
  type: string;
  group: string;
  config: string;
  details?: string;
  data?: Record<string, unknown>;
}

export interface TemplateList {
  templates: Template[];
  groups: string[];
}

export interface ConfigProblem {
  line: number;
  column: number;
  message: string;
}

export interface ExportFormat {
  name: string;
  title: string;
  description: string;
  disabled?: boolean;
  tags?: string[];
}

export interface Job<R = unknown> {
  id: string;
  kind: string;
  state: 'queued' | 'running' | 'done' | 'failed' | 'cancelled';
  progress: { done: number; total: number | null } | null;
  message: string | null;
  result: R | null;
  error: string | { detail?: string; message?: string } | null;
  created_at: Time;
  started_at: Time | null;
  finished_at: Time | null;
  actor: Person | null;
  project: { id: number; title: string } | null;
  workspace_id: number | null;
  cancel_requested: boolean;
  retry_of: string | null;
  may_cancel: boolean;
  may_retry: boolean;
}

export interface LoggedJob extends Job {
  log: string;
}

export interface ImportCounts {
  task_count: number;
  annotation_count: number;
  prediction_count: number;
  found_formats?: Record<string, number> | string[];
  data_columns?: string[];
  /** What could not be used, the first thousand of them, and how many there are. */
  left_out?: Array<{ file?: string | null; line?: number | null; item?: number | string | null; reason: string }>;
  left_out_count?: number;
}

export interface ExportFile {
  url: string;
  file_name: string;
  /** What the format could not carry: how often for which reason. */
  left_out?: Record<string, number>;
  loss_count?: number;
  report_url?: string | null;
}

export interface Token {
  id: number;
  name: string;
  created_at: Time;
  expires_at: Time | null;
  last_used_at: Time | null;
  /** "read": it changes nothing. */
  scope: 'all' | 'read';
  /** The only one that it reaches; null: all of its holder's. */
  workspace: { id: number; name: string } | null;
}

/** One act of deleting, which can be undone until `restore_until`. */
export interface Deletion {
  id: string | number;
  kind: 'tasks' | 'annotations' | 'predictions';
  state: string;
  item_count: number;
  created_at: Time;
  restore_until: Time;
  deleted_by: Person | null;
  job: string | null;
  project: number;
}

export interface DeletedProject {
  id: number;
  title: string;
  workspace: number;
  task_number: number | null;
  deleted_at: Time;
  deleted_by: Person | null;
  restore_until: Time;
}

export type Role = 'viewer' | 'annotator' | 'reviewer' | 'editor' | 'manager' | 'owner';

/** A person with the role that they hold in a workspace or in one project. */
export interface Member {
  user: Person;
  role: Role;
  created_at: Time;
}

export interface Invitation {
  id: number;
  workspace_id: number;
  role: Role;
  /** Only this person may accept it; null: whoever has the link. */
  email: string | null;
  created_by: number | null;
  created_at: Time;
  expires_at: Time;
  accepted_by: number | null;
  accepted_at: Time | null;
}

/** How far a project is and who did how much. `label` in `labels` is one of the config's. */
export interface ProjectProgress {
  tasks: { total: number; finished: number; started: number; skipped: number };
  days: ProgressDay[];
  annotators: Array<{ user: Person | null; submitted: number; skipped: number; mean_lead_time_s: number | null; last_at: Time | null; days: ProgressDay[] }>;
  labels: Array<{ control: string; label: string; count: number }>;
  forecast: { per_day: number | null; based_on_days: number; done_on: string | null };
}

export interface ProgressDay {
  /** A day in the zone that was asked for: "2026-11-21". */
  date: string;
  submitted: number;
  skipped: number;
}

export interface Organization {
  id: number;
  title: string;
  created_at: Time;
}

export interface OrganizationPerson extends Person {
  last_activity: Time;
  date_joined: Time;
}

export interface AuditEntry {
  id: number;
  at: Time;
  actor_id: number | null;
  /** The e-mail address of who did it. */
  actor: string | null;
  /** Such as "role.granted". */
  action: string;
  /** Such as "user:7". */
  subject: string;
  workspace_id: number | null;
  workspace: string | null;
  outcome: 'done' | 'refused';
  detail: Record<string, unknown>;
}

/** An export that is kept as it was at one moment. */
export interface Snapshot {
  id: number;
  title: string;
  created_by: Person | null;
  created_at: Time;
  finished_at: Time | null;
  status: 'created' | 'in_progress' | 'failed' | 'completed';
  counters: Record<string, number> | null;
  converted_formats: Array<{ id: number; status: Snapshot['status']; export_type: string }>;
}

export interface SnapshotOrder {
  title?: string;
  task_filter_options?: { view?: number; annotated?: 'only'; finished?: 'only' };
  annotation_filter_options?: { usual: boolean; ground_truth: boolean; skipped: boolean };
}
