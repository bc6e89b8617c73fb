import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ADMIN } from '../../api/admin';
import { membersQuery } from '../../api/members';
import { changeServiceAccount, createServiceAccount, type ServiceAccount, serviceAccountsQuery } from '../../api/service-accounts';
import type { Role, Workspace } from '../../api/types';
import { outranks, ROLE_WORDS, rolesUpTo } from '../../app/roles';
import { plural, t } from '../../i18n/words';
import { Confirm, Dialog } from '../../ui/dialog';
import { age, moment } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { Avatar, elsewhereWrong, Failure, Field, messageOf, Notice, Pill, Skeleton, wrongWith } from '../../ui/parts';
import { say } from '../../ui/toast';
import { ServiceTokens } from './service-tokens';

/** Programs that come in under a name of their own: of one workspace, or of all for who runs the installation. */
export function ServiceAccounts({ workspace }: { workspace?: Workspace }) {
  const accounts = useQuery(serviceAccountsQuery(workspace?.id));
  const [making, setMaking] = useState(false);
  return (
    <section aria-labelledby="service-accounts">
      {workspace && (
        <div className="members-head row"><h2 id="service-accounts">{t('Service accounts')}</h2><span className="grow" /><button type="button" className="btn" onClick={() => setMaking(true)}><Icon name="plus" />{t('New service account')}</button></div>
      )}
      {!workspace && <h2 id="service-accounts" className="unseen">{t('Service accounts')}</h2>}
      {accounts.isPending && <div className="scroll" aria-busy="true"><Skeleton width="40%" height={18} /></div>}
      {accounts.isError && <Failure error={accounts.error} retry={() => void accounts.refetch()} what={t('The list of service accounts')} />}
      {accounts.data?.length === 0 && <p className="muted members-none">{t('None yet. A pipeline or a notebook on a server works under one, with tokens that outlive nobody’s account.')}</p>}
      {accounts.data && accounts.data.length > 0 && (
        <table className="table">
          <thead><tr><th>{t('Service account')}</th>{!workspace && <th className="wide">{t('Workspace')}</th>}<th className="wide">{t('Role')}</th><th className="num wide">{t('Last used')}</th><th className="tight"><span className="unseen">{t('Acts')}</span></th></tr></thead>
          <tbody>{accounts.data.map((each) => <Row key={each.id} account={each} own={workspace?.role ?? 'owner'} isOfAll={!workspace} />)}</tbody>
        </table>
      )}
      {making && workspace && <NewAccount workspace={workspace} onClose={() => setMaking(false)} />}
    </section>
  );
}

function Row({ account, own, isOfAll }: { account: ServiceAccount; own: string; isOfAll: boolean }) {
  const [open, setOpen] = useState<'tokens' | 'disable'>();
  const client = useQueryClient();
  const refresh = () => client.invalidateQueries({ queryKey: ADMIN });
  const disable = async () => {
    await changeServiceAccount(account, { is_active: false });
    await refresh();
    say(t('{name} is disabled; its tokens ended.', { name: account.name }));
  };
  const enable = useMutation({
    mutationFn: () => changeServiceAccount(account, { is_active: true }),
    onSuccess: async () => { await refresh(); say(t('{name} may get tokens again.', { name: account.name })); },
    onError: (error) => say(messageOf(error), { tone: 'bad' }),
  });
  const manages = account.role === null || outranks(own, account.role);
  return (
    <tr className={account.is_active ? undefined : 'dim'}>
      <td className="main">
        <span className="who"><Avatar square seed={account.email} initials={account.name.slice(0, 2).toUpperCase()} /><span><span className="cut"><b className="b">{account.name}</b>{!account.is_active && <> <Pill>{t('disabled')}</Pill></>}</span><span className="muted small cut" title={account.email}>{account.description || account.email}</span></span></span>
      </td>
      {isOfAll && <td className="wide"><span className="two">{account.workspace.name}</span></td>}
      <td className="wide"><span className="two">{account.role ? ROLE_WORDS[account.role].name : t('none')}</span></td>
      <td className="num muted wide" title={account.last_used_at ? moment(account.last_used_at) : undefined}>{account.last_used_at ? age(account.last_used_at) : t('never')}</td>
      <td className="tight">
        {manages && (
          <span className="row admin-acts">
            {account.is_active && <button type="button" className="btn" aria-label={plural(account.tokens, '{n} token of {name}', '{n} tokens of {name}', { name: account.name })} onClick={() => setOpen('tokens')}><Icon name="key" /><span className="wide">{plural(account.tokens, '{n} token', '{n} tokens')}</span></button>}
            {account.is_active
              ? <button type="button" className="btn danger-ghost" aria-label={t('Disable {name}', { name: account.name })} onClick={() => setOpen('disable')}><span className="wide">{t('Disable')}</span><span className="slim"><Icon name="trash" /></span></button>
              : <button type="button" className="btn" aria-label={t('Enable {name}', { name: account.name })} disabled={enable.isPending} onClick={() => enable.mutate()}>{t('Enable')}</button>}
          </span>
        )}
        {open === 'tokens' && <ServiceTokens account={account} onClose={() => setOpen(undefined)} />}
        {open === 'disable' && (
          <Confirm title={t('Disable {name}?', { name: account.name })} action={t('Disable service account')} onConfirm={disable} onClose={() => setOpen(undefined)}>
            <p>{plural(account.tokens, 'What uses its token is refused from this moment, for good.', 'What uses its {n} tokens is refused from this moment, for good.')}</p>
            <p className="two">{t('What it made stays, under its name. It can be enabled again, and then needs new tokens.')}</p>
          </Confirm>
        )}
      </td>
    </tr>
  );
}

function NewAccount({ workspace, onClose }: { workspace: Workspace; onClose: () => void }) {
  const [values, setValues] = useState({ name: '', description: '' });
  const [role, setRole] = useState<Role>('editor');
  const client = useQueryClient();
  const create = useMutation({
    mutationFn: () => createServiceAccount(workspace.id, { name: values.name.trim(), description: values.description.trim(), role }),
    onSuccess: async (made) => {
      await client.invalidateQueries({ queryKey: ADMIN });
      await client.invalidateQueries(membersQuery({ workspace: workspace.id }));
      say(t('{name} is ready for its first token.', { name: made.name }));
      onClose();
    },
  });
  const wrong = elsewhereWrong(create.error, ['name', 'description', 'role']);
  const foot = <><button type="button" className="btn ghost" onClick={onClose}>{t('Cancel')}</button><button type="submit" form="new-account" className="btn primary" disabled={!values.name.trim() || create.isPending}>{t('Make it')}</button></>;
  return (
    <Dialog title={t('New service account in {title}', { title: workspace.title })} onClose={onClose} foot={foot}>
      <form id="new-account" className="col" style={{ gap: 14 }} onSubmit={(event) => { event.preventDefault(); create.mutate(); }}>
        <Field label={t('Name')} hint={t('Lower-case letters, digits and hyphens, such as nightly-training')} wrong={wrongWith(create.error, 'name')}>{(wiring) => <input {...wiring} className="input" autoFocus maxLength={63} autoComplete="off" value={values.name} onChange={(event) => setValues({ ...values, name: event.target.value })} />}</Field>
        <Field label={t('What it is for')} wrong={wrongWith(create.error, 'description')}>{(wiring) => <input {...wiring} className="input" maxLength={500} value={values.description} onChange={(event) => setValues({ ...values, description: event.target.value })} />}</Field>
        <Field label={t('Role')} hint={ROLE_WORDS[role].may} wrong={wrongWith(create.error, 'role')}>{(wiring) => <select {...wiring} className="input" value={role} onChange={(event) => setRole(event.target.value as Role)}>{rolesUpTo(workspace.role).filter((each) => each !== 'owner').map((each) => <option key={each} value={each}>{ROLE_WORDS[each].name}</option>)}</select>}</Field>
        {wrong && <Notice tone="bad" live>{wrong}</Notice>}
      </form>
    </Dialog>
  );
}
