import { useMutation, useQuery, useQueryClient, useSuspenseQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { sessionQuery } from '../../api/session';
import { createS3Key, deleteS3Key, s3Endpoint, type S3Key, s3KeysQuery } from '../../api/s3-keys';
import type { Role } from '../../api/types';
import { ROLE_WORDS, rolesUpTo } from '../../app/roles';
import { CopyLine } from '../../ui/copy-line';
import { Confirm, Dialog } from '../../ui/dialog';
import { ago, day } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { elsewhereWrong, Failure, Field, Notice, Skeleton, wrongWith } from '../../ui/parts';
import { say } from '../../ui/toast';

/** S3 keys: how programs that speak S3 reach the repos. */
export function S3Keys() {
  const keys = useQuery(s3KeysQuery);
  const [making, setMaking] = useState(false);
  return (
    <section className="card" aria-labelledby="s3-keys">
      <div className="row card-head"><h2 id="s3-keys">S3 keys</h2><span className="grow" /><button type="button" className="btn" onClick={() => setMaking(true)}><Icon name="plus" />New S3 key</button></div>
      <p className="two">Any program that speaks S3 reads and writes the repos with a key, at the endpoint</p>
      <div style={{ marginTop: 6 }}><CopyLine text={s3Endpoint()} /></div>
      {keys.isPending && <div className="col" style={{ gap: 10, marginTop: 14 }}><Skeleton width="60%" /></div>}
      {keys.isError && <Failure error={keys.error} retry={() => void keys.refetch()} what="The list of S3 keys" />}
      {keys.data?.length === 0 && <p className="muted" style={{ marginTop: 12 }}>No keys yet.</p>}
      <ul className="tokens">{keys.data?.map((key) => <KeyRow key={key.id} s3Key={key} />)}</ul>
      {making && <NewS3Key onClose={() => setMaking(false)} />}
    </section>
  );
}

function KeyRow({ s3Key }: { s3Key: S3Key }) {
  const [deleting, setDeleting] = useState(false);
  const client = useQueryClient();
  const remove = async () => {
    await deleteS3Key(s3Key.id);
    await client.invalidateQueries(s3KeysQuery);
    say(`The key “${s3Key.name}” is deleted.`);
  };
  const place = typeof s3Key.workspace === 'object' && s3Key.workspace ? s3Key.workspace.name : '';
  const used = s3Key.last_used_at ? `last used ${ago(s3Key.last_used_at) === 'now' ? 'just now' : `${ago(s3Key.last_used_at)} ago`}` : 'never used';
  return (
    <li className="row token">
      <Icon name="key" />
      <div className="grow"><b className="b cut">{s3Key.name}</b> <span className="mono muted">{s3Key.access_key_id}</span>
        <div className="muted small">{[`made ${day(s3Key.created_at)}`, used, place && `only ${place}`, s3Key.role && `as ${ROLE_WORDS[s3Key.role].name.toLowerCase()}`].filter(Boolean).join(' · ')}</div>
      </div>
      <button type="button" className="btn danger-ghost" onClick={() => setDeleting(true)} aria-label={`Delete the key ${s3Key.name}`}>Delete</button>
      {deleting && <Confirm title={`Delete “${s3Key.name}”?`} action="Delete key" onConfirm={remove} onClose={() => setDeleting(false)}><p>Programs that sign with it are refused from now on. A deleted key cannot come back.</p></Confirm>}
    </li>
  );
}

function NewS3Key({ onClose }: { onClose: () => void }) {
  const { workspaces } = useSuspenseQuery(sessionQuery).data;
  const [name, setName] = useState('');
  const [workspace, setWorkspace] = useState(0);
  const [role, setRole] = useState<Role | ''>('');
  const client = useQueryClient();
  const create = useMutation({
    mutationFn: () => createS3Key({ name: name.trim(), ...(workspace ? { workspace } : {}), ...(role ? { role } : {}) }),
    onSuccess: () => client.invalidateQueries(s3KeysQuery),
  });
  if (create.data) return <Secret made={create.data} onClose={onClose} />;
  const ownIn = (id: number): Role => (workspaces.find((each) => each.id === id)?.role ?? 'owner') as Role;
  const own = ownIn(workspace);
  const choose = (id: number) => {
    setWorkspace(id);
    if (role && !rolesUpTo(ownIn(id)).includes(role)) setRole(''); // nobody gives a key more than they have there
  };
  const elsewhere = elsewhereWrong(create.error, ['name', 'workspace', 'role']);
  const foot = <><button type="button" className="btn ghost" onClick={onClose}>Cancel</button><button type="submit" form="new-s3-key" className="btn primary" disabled={!name.trim() || create.isPending}>Create key</button></>;
  return (
    <Dialog title="New S3 key" onClose={onClose} foot={foot}>
      <form id="new-s3-key" className="col" style={{ gap: 14 }} onSubmit={(event) => { event.preventDefault(); create.mutate(); }}>
        <Field label="Name" hint="What will use it, so that you know which one to delete" wrong={wrongWith(create.error, 'name')}>{(wiring) => <input {...wiring} className="input" autoFocus maxLength={80} value={name} onChange={(event) => setName(event.target.value)} />}</Field>
        <Field label="Reaches" wrong={wrongWith(create.error, 'workspace')}>{(wiring) => <select {...wiring} className="input" value={workspace} onChange={(event) => choose(Number(event.target.value))}><option value={0}>Every workspace that I see</option>{workspaces.map((each) => <option key={each.id} value={each.id}>Only {each.title}</option>)}</select>}</Field>
        <Field label="May do" wrong={wrongWith(create.error, 'role')}>{(wiring) => <select {...wiring} className="input" value={role} onChange={(event) => setRole(event.target.value as Role | '')}><option value="">All that I may</option>{rolesUpTo(own).filter((each) => each !== 'annotator').map((each) => <option key={each} value={each}>What {/^[AEIOU]/.test(ROLE_WORDS[each].name) ? 'an' : 'a'} {ROLE_WORDS[each].name.toLowerCase()} may</option>)}</select>}</Field>
        {elsewhere && <Notice tone="bad" live>{elsewhere}</Notice>}
      </form>
    </Dialog>
  );
}

function Secret({ made, onClose }: { made: S3Key & { secret_access_key: string }; onClose: () => void }) {
  return (
    <Dialog title={`S3 key “${made.name}”`} stays onClose={onClose} foot={<button type="button" className="btn primary" onClick={onClose}>I have kept it</button>}>
      <Notice tone="warn">Copy the secret now: it is shown this once, and nobody can look it up later.</Notice>
      <dl className="s3-key">
        <div><dt>Access key</dt><dd><CopyLine text={made.access_key_id} /></dd></div>
        <div><dt>Secret key</dt><dd><CopyLine text={made.secret_access_key} /></dd></div>
        <div><dt>Endpoint</dt><dd><CopyLine text={s3Endpoint()} /></dd></div>
      </dl>
    </Dialog>
  );
}
