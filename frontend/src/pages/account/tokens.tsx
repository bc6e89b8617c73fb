import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { revokeToken, tokensQuery } from '../../api/tokens';
import type { Token } from '../../api/types';
import { Confirm } from '../../ui/dialog';
import { ago, day } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { Failure, Pill, Skeleton } from '../../ui/parts';
import { say } from '../../ui/toast';
import { NewToken } from './new-token';
import { reachOf } from './token-form';

/** Access tokens: what scripts use in place of a password. */
export function Tokens() {
  const tokens = useQuery(tokensQuery);
  const [making, setMaking] = useState(false);
  return (
    <section className="card" aria-labelledby="tokens">
      <div className="row card-head"><h2 id="tokens">Access tokens</h2><span className="grow" /><button type="button" className="btn" onClick={() => setMaking(true)}><Icon name="plus" />New token</button></div>
      <p className="two">A script signs in with a token: <span className="mono">Authorization: Bearer …</span> It may do all that you may, unless it is made to do less.</p>
      {tokens.isPending && <div className="col" style={{ gap: 10, marginTop: 14 }}><Skeleton width="60%" /><Skeleton width="45%" /></div>}
      {tokens.isError && <Failure error={tokens.error} retry={() => void tokens.refetch()} what="The list of tokens" />}
      {tokens.data?.length === 0 && <p className="muted" style={{ marginTop: 12 }}>No tokens yet.</p>}
      <ul className="tokens">{tokens.data?.map((token) => <TokenRow key={token.id} token={token} />)}</ul>
      {making && <NewToken onClose={() => setMaking(false)} />}
    </section>
  );
}

function TokenRow({ token }: { token: Token }) {
  const [revoking, setRevoking] = useState(false);
  const client = useQueryClient();
  const over = token.expires_at !== null && Date.parse(token.expires_at) < Date.now();
  const revoke = async () => {
    await revokeToken(token.id);
    await client.invalidateQueries(tokensQuery);
    say(`The token “${token.name}” is revoked.`);
  };
  return (
    <li className="row token">
      <Icon name="key" />
      <div className="grow"><b className="b cut">{token.name}</b>
        <div className="muted small">made {day(token.created_at)} · {token.last_used_at ? `last used ${ago(token.last_used_at) === 'now' ? 'just now' : `${ago(token.last_used_at)} ago`}` : 'never used'} · {token.expires_at ? `${over ? 'ended' : 'until'} ${day(token.expires_at)}` : 'no end'}{reachOf(token).map((each) => ` · ${each}`)}</div>
      </div>
      {over && <Pill tone="warn">expired</Pill>}
      <button type="button" className="btn danger-ghost" onClick={() => setRevoking(true)} aria-label={`Revoke ${token.name}`}>Revoke</button>
      {revoking && (
        <Confirm title={`Revoke “${token.name}”?`} action="Revoke token" onConfirm={revoke} onClose={() => setRevoking(false)}>
          <p>Scripts that use it are refused from now on{token.last_used_at ? `; the last one came ${ago(token.last_used_at)} ago` : ''}. A revoked token cannot come back.</p>
        </Confirm>
      )}
    </li>
  );
}
