import { useMutation, useQuery, useQueryClient, useSuspenseQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { sessionQuery } from '../../api/session';
import { createS3Key, deleteS3Key, s3Endpoint, type S3Key, s3KeysQuery } from '../../api/s3-keys';
import type { Role } from '../../api/types';
import { aRole, ROLE_WORDS, rolesUpTo } from '../../app/roles';
import { t } from '../../i18n/words';
import { CopyLine } from '../../ui/copy-line';
import { Confirm, Dialog } from '../../ui/dialog';
import { day, lastUsed } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { elsewhereWrong, Failure, Field, Notice, Skeleton, wrongWith } from '../../ui/parts';
import { say } from '../../ui/toast';

/** S3 keys: how programs that speak S3 reach the repos. */
export function S3Keys() {
  const keys = useQuery(s3KeysQuery);
  const [making, setMaking] = useState(false);
  return (
    <section className="card" aria-labelledby="s3-keys">
      <div className="row card-head"><h2 id="s3-keys">{t('S3 keys')}</h2><span className="grow" /><button type="button" className="btn" onClick={() => setMaking(true)}><Icon name="plus" />{t('New S3 key')}</button></div>
      <p className="two">{t('Any program that speaks S3 reads and writes the repos with a key, at the endpoint')}</p>
      <div style={{ marginTop: 6 }}><CopyLine text={s3Endpoint()} /></div>
      {keys.isPending && <div className="col" style={{ gap: 10, marginTop: 14 }}><Skeleton width="60%" /></div>}
      {keys.isError && <Failure error={keys.error} retry={() => void keys.refetch()} what={t('The list of S3 keys')} />}
      {keys.data?.length === 0 && <p className="muted" style={{ marginTop: 12 }}>{t('No keys yet.')}</p>}
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
    say(t('The key “{name}” is deleted.', { name: s3Key.name }));
  };
  const place = typeof s3Key.workspace === 'object' && s3Key.workspace ? s3Key.workspace.name : '';
  const used = lastUsed(s3Key.last_used_at);
  return (
    <li className="row token">
      <Icon name="key" />
      <div className="grow"><b className="b cut">{s3Key.name}</b> <span className="mono muted">{s3Key.access_key_id}</span>
        <div className="muted small">{[t('made {when}', { when: day(s3Key.created_at) }), used, place && t('only {place}', { place }), s3Key.role && t('as {role}', { role: ROLE_WORDS[s3Key.role].name.toLowerCase() })].filter(Boolean).join(' · ')}</div>
      </div>
      <button type="button" className="btn danger-ghost" onClick={() => setDeleting(true)} aria-label={t('Delete the key {name}', { name: s3Key.name })}>{t('Delete')}</button>
      {deleting && <Confirm title={t('Delete “{name}”?', { name: s3Key.name })} action={t('Delete key')} onConfirm={remove} onClose={() => setDeleting(false)}><p>{t('Programs that sign with it are refused from now on. A deleted key cannot come back.')}</p></Confirm>}
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
  const foot = <><button type="button" className="btn ghost" onClick={onClose}>{t('Cancel')}</button><button type="submit" form="new-s3-key" className="btn primary" disabled={!name.trim() || create.isPending}>{t('Create key')}</button></>;
  return (
    <Dialog title={t('New S3 key')} onClose={onClose} foot={foot}>
      <form id="new-s3-key" className="col" style={{ gap: 14 }} onSubmit={(event) => { event.preventDefault(); create.mutate(); }}>
        <Field label={t('Name')} hint={t('What will use it, so that you know which one to delete')} wrong={wrongWith(create.error, 'name')}>{(wiring) => <input {...wiring} className="input" autoFocus maxLength={80} value={name} onChange={(event) => setName(event.target.value)} />}</Field>
        <Field label={t('Reaches')} wrong={wrongWith(create.error, 'workspace')}>{(wiring) => <select {...wiring} className="input" value={workspace} onChange={(event) => choose(Number(event.target.value))}><option value={0}>{t('Every workspace that I see')}</option>{workspaces.map((each) => <option key={each.id} value={each.id}>{t('Only {title}', { title: each.title })}</option>)}</select>}</Field>
        <Field label={t('May do')} wrong={wrongWith(create.error, 'role')}>{(wiring) => <select {...wiring} className="input" value={role} onChange={(event) => setRole(event.target.value as Role | '')}><option value="">{t('All that I may')}</option>{rolesUpTo(own).filter((each) => each !== 'annotator').map((each) => <option key={each} value={each}>{t('What {role} may', { role: aRole(each) })}</option>)}</select>}</Field>
        {elsewhere && <Notice tone="bad" live>{elsewhere}</Notice>}
      </form>
    </Dialog>
  );
}

function Secret({ made, onClose }: { made: S3Key & { secret_access_key: string }; onClose: () => void }) {
  return (
    <Dialog title={t('S3 key “{name}”', { name: made.name })} stays onClose={onClose} foot={<button type="button" className="btn primary" onClick={onClose}>{t('I have kept it')}</button>}>
      <Notice tone="warn">{t('Copy the secret now: it is shown this once, and nobody can look it up later.')}</Notice>
      <dl className="s3-key">
        <div><dt>{t('Access key')}</dt><dd><CopyLine text={made.access_key_id} /></dd></div>
        <div><dt>{t('Secret key')}</dt><dd><CopyLine text={made.secret_access_key} /></dd></div>
        <div><dt>{t('Endpoint')}</dt><dd><CopyLine text={s3Endpoint()} /></dd></div>
      </dl>
    </Dialog>
  );
}
