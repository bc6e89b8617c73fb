import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ADMIN } from '../../api/admin';
import { createServiceToken, revokeServiceToken, type ServiceAccount, serviceTokensQuery } from '../../api/service-accounts';
import type { Token } from '../../api/types';
import { Confirm, Dialog } from '../../ui/dialog';
import { ago, day } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { elsewhereWrong, Failure, Notice, Skeleton } from '../../ui/parts';
import { say } from '../../ui/toast';
import { FRESH, reachOf, TokenForm, TokenSecret } from '../account/token-form';

/** What a service account comes in by. */
export function ServiceTokens({ account, onClose }: { account: ServiceAccount; onClose: () => void }) {
  const tokens = useQuery(serviceTokensQuery(account));
  const [making, setMaking] = useState(false);
  if (making) return <NewServiceToken account={account} onClose={() => setMaking(false)} />;
  const foot = <><button type="button" className="btn" onClick={() => setMaking(true)}><Icon name="plus" />New token</button><button type="button" className="btn primary" onClick={onClose}>Done</button></>;
  return (
    <Dialog title={`Tokens of ${account.name}`} onClose={onClose} foot={foot}>
      <p className="two">It signs in with <span className="mono">Authorization: Bearer …</span>, or as <span className="mono">{account.email}</span> with a token as its password.</p>
      {tokens.isPending && <Skeleton width="60%" />}
      {tokens.isError && <Failure error={tokens.error} retry={() => void tokens.refetch()} what="The list of tokens" />}
      {tokens.data?.length === 0 && <p className="muted">No tokens yet.</p>}
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
    say(`The token “${token.name}” is revoked.`);
  };
  return (
    <li className="row token">
      <div className="grow"><b className="b cut">{token.name}</b>
        <div className="muted small">{[token.last_used_at ? `last used ${ago(token.last_used_at)}` : 'never used', token.expires_at ? `until ${day(token.expires_at)}` : 'no end', ...reachOf({ ...token, workspace: null })].join(' · ')}</div>
      </div>
      <button type="button" className="btn danger-ghost" onClick={() => setRevoking(true)} aria-label={`Revoke ${token.name}`}>Revoke</button>
      {revoking && <Confirm title={`Revoke “${token.name}”?`} action="Revoke token" onConfirm={revoke} onClose={() => setRevoking(false)}><p>What uses it is refused from now on. A revoked token cannot come back.</p></Confirm>}
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
  const foot = <><button type="button" className="btn ghost" onClick={onClose}>Cancel</button><button type="submit" form="service-token" className="btn primary" disabled={!wanted.name.trim() || create.isPending}>Create token</button></>;
  return (
    <Dialog title={`New token of ${account.name}`} onClose={onClose} foot={foot}>
      <TokenForm id="service-token" error={create.error} workspaces={[]} onChange={setWanted} onSubmit={() => create.mutate()} />
      {wrong && <Notice tone="bad" live>{wrong}</Notice>}
    </Dialog>
  );
}
