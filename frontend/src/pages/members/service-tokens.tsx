import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ADMIN } from '../../api/admin';
import { createServiceToken, revokeServiceToken, type ServiceAccount, serviceTokensQuery } from '../../api/service-accounts';
import type { Token } from '../../api/types';
import { rich } from '../../i18n/rich';
import { t } from '../../i18n/words';
import { Confirm, Dialog } from '../../ui/dialog';
import { day, lastUsed } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { elsewhereWrong, Failure, Notice, Skeleton } from '../../ui/parts';
import { say } from '../../ui/toast';
import { FRESH, reachOf, TokenForm, TokenSecret } from '../account/token-form';

/** What a service account comes in by. */
export function ServiceTokens({ account, onClose }: { account: ServiceAccount; onClose: () => void }) {
  const tokens = useQuery(serviceTokensQuery(account));
  const [making, setMaking] = useState(false);
  if (making) return <NewServiceToken account={account} onClose={() => setMaking(false)} />;
  const foot = <><button type="button" className="btn" onClick={() => setMaking(true)}><Icon name="plus" />{t('New token')}</button><button type="button" className="btn primary" onClick={onClose}>{t('Done')}</button></>;
  return (
    <Dialog title={t('Tokens of {name}', { name: account.name })} onClose={onClose} foot={foot}>
      <p className="two">{rich('It signs in with {header}, or as {email} with a token as its password.', { header: <span className="mono">Authorization: Bearer …</span>, email: <span className="mono">{account.email}</span> })}</p>
      {tokens.isPending && <Skeleton width="60%" />}
      {tokens.isError && <Failure error={tokens.error} retry={() => void tokens.refetch()} what={t('The list of tokens')} />}
      {tokens.data?.length === 0 && <p className="muted">{t('No tokens yet.')}</p>}
      <ul className="tokens">{tokens.data?.map((token) => <Row key={token.id} account={account} token={token} />)}</ul>
    </Dialog>
  );
}

function Row({ account, token }: { account: ServiceAccount; token: Token }) {
  const [revoking, setRevoking] = useState(false);
  const client = useQueryClient();
  const revoke = async () => {
    await revokeServiceToken(account, token.id);
    await client.invalidateQueries({ queryKey: ADMIN });
    say(t('The token “{name}” is revoked.', { name: token.name }));
  };
  return (
    <li className="row token">
      <div className="grow"><b className="b cut">{token.name}</b>
        <div className="muted small">{[lastUsed(token.last_used_at), token.expires_at ? t('until {when}', { when: day(token.expires_at) }) : t('no end'), ...reachOf({ ...token, workspace: null })].join(' · ')}</div>
      </div>
      <button type="button" className="btn danger-ghost" onClick={() => setRevoking(true)} aria-label={t('Revoke {name}', { name: token.name })}>{t('Revoke')}</button>
      {revoking && <Confirm title={t('Revoke “{name}”?', { name: token.name })} action={t('Revoke token')} onConfirm={revoke} onClose={() => setRevoking(false)}><p>{t('What uses it is refused from now on. A revoked token cannot come back.')}</p></Confirm>}
    </li>
  );
}

function NewServiceToken({ account, onClose }: { account: ServiceAccount; onClose: () => void }) {
  const [wanted, setWanted] = useState(FRESH);
  const client = useQueryClient();
  const create = useMutation({
    mutationFn: () => createServiceToken(account, { name: wanted.name.trim(), scope: wanted.scope, ...(wanted.days ? { expires_in_days: wanted.days } : {}) }),
    onSuccess: () => client.invalidateQueries({ queryKey: ADMIN }),
  });
  if (create.data) return <TokenSecret token={create.data} onClose={onClose} />;
  const wrong = elsewhereWrong(create.error, ['name', 'scope', 'expires_in_days']);
  const foot = <><button type="button" className="btn ghost" onClick={onClose}>{t('Cancel')}</button><button type="submit" form="service-token" className="btn primary" disabled={!wanted.name.trim() || create.isPending}>{t('Create token')}</button></>;
  return (
    <Dialog title={t('New token of {name}', { name: account.name })} onClose={onClose} foot={foot}>
      <TokenForm id="service-token" error={create.error} workspaces={[]} onChange={setWanted} onSubmit={() => create.mutate()} />
      {wrong && <Notice tone="bad" live>{wrong}</Notice>}
    </Dialog>
  );
}
