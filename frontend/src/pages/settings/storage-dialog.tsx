import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ApiError } from '../../api/client';
import { createBranch, createRepo, reposQuery } from '../../api/repos';
import { changeStorage, checkStorage, createStorage, type Direction, firstFiles, formQuery, kindsQuery, type Storage, type StorageField, type StorageKind, syncStorage } from '../../api/storages';
import type { Project } from '../../api/types';
import { Dialog } from '../../ui/dialog';
import { counted } from '../../ui/format';
import { Failure, Field, messageOf, Notice, Skeleton, wrongWith } from '../../ui/parts';
import { say } from '../../ui/toast';
import { MAIN_BRANCH, wrongRepoName } from '../repos/names';
import { aboutKind, isSecret, isSwitch, optionsOf, sentValues, type Values, valuesOf, worded } from './storage-words';

interface DialogProps {
  project: Project;
  direction: Direction;
  /** The one to change; none for a new one. */
  storage: Storage | undefined;
  onClose: () => void;
}

/** Adds or changes a source or target: its kind, then its fields as the server asks for them. */
export function StorageDialog({ project, direction, storage, onClose }: DialogProps) {
  const kinds = useQuery(kindsQuery(direction));
  const [kind, setKind] = useState(storage?.type);
  if (kind) return <Form key={kind} project={project} direction={direction} storage={storage} kind={kinds.data?.find(({ name }) => name === kind) ?? { name: kind, title: kind }} onBack={storage ? undefined : () => setKind(undefined)} onClose={onClose} />;
  return (
    <Dialog title={`New ${direction}`} onClose={onClose}>
      {kinds.isError && <Failure error={kinds.error} retry={() => void kinds.refetch()} what="The list of kinds" />}
      {kinds.isPending && <Skeleton width="60%" />}
      <ul className="kinds">{kinds.data && inOrder(kinds.data).map((each, at) => <li key={each.name}><button type="button" autoFocus={at === 0} onClick={() => setKind(each.name)}><b className="b">{each.title}</b><span className="two">{aboutKind(each)}</span></button></li>)}</ul>
    </Dialog>
  );
}

/** A repo first: it is what this product does best. */
const inOrder = (kinds: readonly StorageKind[]): StorageKind[] => [...kinds].sort((a, b) => Number(b.name === 'repo') - Number(a.name === 'repo'));

interface FormProps extends DialogProps {
  kind: StorageKind;
  onBack: (() => void) | undefined;
}

const TITLE: StorageField = { name: 'title', label: 'Title', type: 'text', help: 'How it is called here; it can be left empty' };

function Form({ project, direction, storage, kind, onBack, onClose }: FormProps) {
  const form = useQuery(formQuery(direction, kind.name));
  const fields = [TITLE, ...(form.data ?? []).filter(({ name }) => name !== 'title')];
  const [typed, setTyped] = useState<Values>({});
  const client = useQueryClient();
  const values = { ...valuesOf(fields, storage), ...typed };
  const sent = () => ({ ...sentValues(fields, values, storage !== undefined), project: project.id });
  const check = useMutation({ mutationFn: () => checkStorage(direction, kind.name, sent(), storage?.id) });
  const save = useMutation({
    mutationFn: async () => {
      if (storage) await changeStorage(direction, storage, sentValues(fields.filter(({ name }) => name in typed), values, true)); // and not what somebody else may have changed meanwhile
      else return firstSync(direction, await createStorage(direction, kind.name, sent()));
      return undefined;
    },
    onSuccess: async (unread) => {
      await client.invalidateQueries({ queryKey: ['storages'] });
      if (unread) say(`The source is added, but its files are not read yet: ${messageOf(unread)} Sync it from its row.`, { tone: 'bad' });
      else say(storage ? 'Saved.' : direction === 'source' ? 'The source is added, and its files are being read.' : 'The target is added.');
      onClose();
    },
  });
  const [doubt, setDoubt] = useState<Doubt>();
  const first = useMutation({ mutationFn: () => firstFiles(kind.name, sent()) });
  const described = JSON.stringify(values);
  const submit = async () => {
    if (direction === 'source' && !storage && doubt?.of !== described) {
      const files = await first.mutateAsync().catch(() => []); // what is wrong with the place is said when it is saved
      const strange = files.filter(({ is_task: isTask }) => !isTask);
      if (strange.length > 0) return setDoubt({ of: described, files: strange.map(({ key }) => key), isAll: strange.length === files.length });
    }
    return save.mutate();
  };
  const doubted = doubt?.of === described ? doubt : undefined;
  const set = (name: string, value: string | boolean) => { check.reset(); setTyped({ ...typed, [name]: value }); };
  const lacks = fields.some((field) => field.required && values[field.name] === '' && !(storage && isSecret(field)));
  const error = save.error ?? check.error;
  const isBusy = save.isPending || check.isPending || first.isPending;
  const foot = (
    <>
      <button type="button" className="btn" disabled={lacks || isBusy} onClick={() => check.mutate()}>{check.isPending && <span className="turn" />}Check connection</button>
      <span className="grow" />
      {onBack && <button type="button" className="btn ghost" onClick={onBack} disabled={isBusy}>Another kind</button>}
      <button type="submit" form="storage" className="btn primary" disabled={lacks || isBusy || !form.data}>{(save.isPending || first.isPending) && <span className="turn" />}{storage ? 'Save' : direction === 'target' ? 'Add target' : doubted ? 'Add all the same' : 'Add and sync'}</button>
    </>
  );
  return (
    <Dialog title={storage ? `${kind.title}: ${storage.title || `${direction} ${storage.id}`}` : `New ${direction}: ${kind.title}`} onClose={onClose} foot={foot} busy={save.isPending}>
      <form id="storage" className="col" style={{ gap: 14 }} onSubmit={(event) => { event.preventDefault(); void submit(); }}>
        {form.isError && <Failure error={form.error} retry={() => void form.refetch()} what="The form" />}
        {form.isPending && <><Skeleton width="40%" /><Skeleton width="100%" height={30} /></>}
        {form.data && fields.map((field) => <FieldOf key={field.name} project={project} direction={direction} field={worded(field, direction)} value={values[field.name] ?? ''} isKept={storage !== undefined} wrong={wrongWith(error, field.name)} onChange={(value) => set(field.name, value)} />)}
        {check.isSuccess && !error && <Notice tone="good" live>It answers{direction === 'target' ? ', and it can be written' : ''}.</Notice>}
        {doubted && !error && <div ref={intoSight}><Notice tone="warn" live>{wordsOfDoubt(doubted)}</Notice></div>}
        {error && <Notice tone="bad" live>{saidOf(error, fields)}</Notice>}
      </form>
    </Dialog>
  );
}

/** Files of which no task would come, of a source as it was described. */
interface Doubt {
  of: string;
  files: readonly string[];
  isAll: boolean;
}

const MOST_NAMED = 5;
const intoSight = (notice: HTMLElement | null): void => void notice?.scrollIntoView?.({ block: 'nearest' });

const wordsOfDoubt = ({ files, isAll }: Doubt): string =>
  `${isAll ? 'No task comes of these files' : `No task comes of ${counted(files.length, 'file')} among the first`}, since nothing in the label config shows such files: ${files.slice(0, MOST_NAMED).join(', ')}${files.length > MOST_NAMED ? ', …' : ''}. ${isAll ? 'Choose another place, or change the config first.' : 'They are passed over. A filter such as .*[.](jpe?g|png) says which are meant.'}`;

/** Begins to read a new source, and answers why it could not. It is made by then, and to press again would make a second one. */
async function firstSync(direction: Direction, made: Storage): Promise<unknown> {
  if (direction === 'target') return undefined;
  return syncStorage(direction, made).then(() => undefined, (error: unknown) => error);
}

/** What is wrong in one sentence, or that the marked fields say it. */
function saidOf(error: Error, fields: readonly StorageField[]): string {
  const marked = error instanceof ApiError && fields.some(({ name }) => error.fields[name]);
  return marked ? 'Mend what is marked, then try again.' : messageOf(error);
}

interface FieldProps {
  project: Project;
  direction: Direction;
  field: StorageField;
  value: string | number | boolean;
  isKept: boolean;
  wrong: string | undefined;
  onChange: (value: string | boolean) => void;
}

function FieldOf({ project, direction, field, value, isKept, wrong, onChange }: FieldProps) {
  const help = field.help || field.description || undefined;
  if (isSwitch(field)) return <label className="check"><input type="checkbox" checked={value === true || value === 'true'} onChange={(event) => onChange(event.target.checked)} /><span>{field.label}{help && <span className="muted small" style={{ display: 'block' }}>{help}</span>}{wrong && <span className="bad small" role="alert" style={{ display: 'block' }}>{wrong}</span>}</span></label>;
  const hint = isKept && isSecret(field) ? 'Kept, and not shown. Leave it empty to keep it.' : help;
  return (
    <Field label={<>{field.label}{!field.required && <span className="muted"> optional</span>}</>} hint={hint} wrong={wrong}>
      {(wiring) => {
        const shared = { ...wiring, className: 'input', required: field.required && !(isKept && isSecret(field)), onChange: (event: { target: { value: string } }) => onChange(event.target.value) };
        if (field.type === 'select') return <select {...shared} value={String(value)}>{optionsOf(field).map(({ value: each, label }) => <option key={each} value={each}>{label}</option>)}</select>;
        if (field.type === 'textarea') return <textarea {...shared} rows={4} value={String(value)} spellCheck={false} />;
        const type = isSecret(field) ? 'password' : field.type === 'counter' || field.type === 'number' ? 'number' : 'text';
        if (field.name === 'repo' || field.name === 'repository') return <RepoInput project={project} direction={direction} shared={shared} value={String(value)} />;
        return <input {...shared} type={type} {...(type === 'number' ? { min: 0 } : {})} value={String(value)} placeholder={field.placeholder ?? undefined} spellCheck={false} autoComplete={type === 'password' ? 'new-password' : 'off'} />;
      }}
    </Field>
  );
}

/** A repo and branch by name, with those of the project's workspace to choose from; what labels are to go to can be made here. */
function RepoInput({ project, direction, shared, value }: { project: Project; direction: Direction; shared: React.InputHTMLAttributes<HTMLInputElement>; value: string }) {
  const listed = useQuery(reposQuery(project.workspace));
  const repos = listed.data ?? [];
  const [name = '', branch = MAIN_BRANCH] = value.trim().split('@');
  const client = useQueryClient();
  const make = useMutation({
    mutationFn: async () => {
      const { id } = await createRepo({ name, workspace: project.workspace });
      if (branch !== MAIN_BRANCH) await createBranch(id, { name: branch }); // the main one is there
    },
    onSuccess: () => client.invalidateQueries({ queryKey: ['repos'] }),
    onError: (error) => say(messageOf(error), { tone: 'bad' }),
  });
  const canMake = direction === 'target' && listed.isSuccess && name !== '' && wrongRepoName(name) === undefined && !repos.some((each) => each.name === name);
  return <><input {...shared} list="repo-names" value={value} spellCheck={false} autoComplete="off" placeholder="images@master" /><datalist id="repo-names">{repos.map(({ id, name }) => <option key={id} value={`${name}@master`} />)}</datalist>{canMake && <span className="row wrap two small">No repo here is called {name}. <button type="button" className="btn small" disabled={make.isPending} onClick={() => make.mutate()}>Make it</button></span>}</>;
}
