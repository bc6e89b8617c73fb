import type { Direction, Storage, StorageField, StorageKind } from '../../api/storages';
import type { Tone } from '../../ui/parts';
import { count, counted } from '../../ui/format';

/** Where a storage points, as a person would say it: "images@master", "s3://bucket/prefix". */
export function placeOf(storage: Storage): string {
  const text = (key: string): string => (typeof storage[key] === 'string' ? (storage[key] as string) : '');
  if (storage.type === 'repo') return joined(text('repo'), text('prefix'));
  if (storage.type === 'pachyderm') return joined(text('repository') || [text('pach_repo'), text('pach_branch')].filter(Boolean).join('@'), text('prefix'));
  const bucket = text('bucket') || text('container') || text('path') || text('host') || text('url');
  const scheme = { s3: 's3://', gcs: 'gs://', azure: 'az://' }[storage.type] ?? '';
  return bucket ? joined(`${scheme}${bucket}`, text('prefix')) : '';
}

const joined = (place: string, prefix: string): string => (prefix && !place.endsWith(prefix) ? `${place}/${prefix.replace(/^\//, '')}` : place);

/** What a storage is called: its title, else its place. */
export const nameOfStorage = (storage: Storage, what: string): string => storage.title || placeOf(storage) || `${what} ${storage.id}`;

/** Where a storage stands. */
export function stateOfStorage({ status }: Pick<Storage, 'status'>): { word: string; tone: Tone } {
  return ({
    initialized: { word: 'not synced yet', tone: '' }, queued: { word: 'waiting', tone: '' }, in_progress: { word: 'syncing', tone: 'accent' },
    failed: { word: 'failed', tone: 'bad' }, completed: { word: 'in step', tone: 'good' }, completed_with_errors: { word: 'some files failed', tone: 'warn' },
  } as const)[status] ?? { word: status, tone: '' };
}

/** What became of a source's files: "2,412 files: 40 new, 2 changed; 1 retired". Those that are gone are not counted as files. */
export function sentenceOfCounts(counts: Readonly<Partial<Record<'new' | 'synced' | 'changed' | 'retired', number>>> = {}): string {
  const { new: fresh = 0, synced = 0, changed = 0, retired = 0 } = counts;
  const there = fresh + synced + changed;
  if (there + retired === 0) return '';
  const parts = [fresh > 0 ? `${count(fresh)} new` : '', changed > 0 ? `${count(changed)} changed` : ''].filter(Boolean).join(', ');
  return `${counted(there, 'file')}${parts && `: ${parts}`}${retired > 0 ? `; ${count(retired)} retired` : ''}`;
}

/** What each kind is, in a sentence; kinds that are not here say only their name. */
const ABOUT: Record<string, string> = {
  repo: 'Files of a repo here, with their history',
  pachyderm: 'The fields of Pachyderm’s integration, kept in a repo here',
  localfiles: 'A folder of the server that its settings allow',
  s3: 'A bucket of Amazon S3 or anything that speaks it',
  gcs: 'A bucket of Google Cloud Storage',
  azure: 'A container of Azure Blob Storage',
  redis: 'A Redis database',
  http: 'A list of addresses on the web',
};

export const aboutKind = ({ name }: StorageKind): string => ABOUT[name] ?? '';

export type Values = Record<string, string | number | boolean>;

/** What a form starts with: what is kept, else what the server proposes. */
export function valuesOf(fields: readonly StorageField[], storage?: Storage): Values {
  return Object.fromEntries(fields.map((field) => {
    const kept = storage?.[field.name] ?? (storage ? undefined : (field.value ?? field.default));
    return [field.name, isValue(kept) ? kept : isSwitch(field) ? false : ''];
  }));
}

const isValue = (value: unknown): value is string | number | boolean => typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';

/** A field in the words of these pages, where the form's are those of other programs, or of sources alone. */
export function worded(field: StorageField, direction: Direction): StorageField {
  if (field.name === 'regex_filter') return { ...field, label: 'Only files that match' };
  if (field.name === 'use_blob_urls') return { ...field, label: 'What a file is' };
  return field.name === 'prefix' && direction === 'target' ? { ...field, help: 'What is written lies below it.' } : field;
}

export const isSwitch = ({ type }: StorageField): boolean => type === 'toggle' || type === 'checkbox' || type === 'boolean';
export const isSecret = ({ type, secret }: StorageField): boolean => secret === true || type === 'password';

/** What is sent: figures as numbers, and no empty secret over one that is kept. */
export function sentValues(fields: readonly StorageField[], values: Values, isKept: boolean): Values {
  return Object.fromEntries(fields.flatMap((field) => {
    const value = values[field.name] ?? '';
    if (isSecret(field) && isKept && value === '') return [];
    if ((field.type === 'counter' || field.type === 'number') && value !== '') return [[field.name, Number(value)]];
    return [[field.name, value]];
  }));
}

/** The choices of a select, whichever way the server lists them. */
export const optionsOf = ({ options = [] }: StorageField): Array<{ value: string; label: string }> =>
  options.map((each) => (typeof each === 'string' ? { value: each, label: each } : { value: String(each.value), label: each.label }));
