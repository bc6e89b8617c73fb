import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { revokeToken, tokensQuery } from '../../api/tokens';
import type { Token } from '../../api/types';
import { rich } from '../../i18n/rich';
import { t } from '../../i18n/words';
import { Confirm } from '../../ui/dialog';
import { day, lastUsed, since } from '../../ui/format';
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
      <div className="row card-head"><h2 id="tokens">{t('Access tokens')}</h2><span className="grow" /><button type="button" className="btn" onClick={() => setMaking(true)}><Icon name="plus" />{t('New token')}</button></div>
      <p className="two">{rich('A script signs in with a token: {header} It may do all that you may, unless it is made to do less.', { header: <span className="mono">Authorization: Bearer …</span> })}</p>
      {tokens.isPending && <div className="col" style={{ gap: 10, marginTop: 14 }}><Skeleton width="60%" /><Skeleton width="45%" /></div>}
      {tokens.isError && <Failure error={tokens.error} retry={() => void tokens.refetch()} what={t('The list of tokens')} />}
      {tokens.data?.length === 0 && <p className="muted" style={{ marginTop: 12 }}>{t('No tokens yet.')}</p>}
      <ul className="tokens">{tokens.data?.map((token) => <TokenRow key={token.id} token={token} />)}</ul>
      {making && <NewToken onClose={() => setMaking(false)} />}
    </section>
  );
}

const endOf = (time: string | null, over: boolean): string =>
  time === null ? t('no end') : over ? t('ended {when}', { when: day(time) }) : t('until {when}', { when: day(time) });

function TokenRow({ token }: { token: Token }) {
  const [revoking, setRevoking] = useState(false);
  const client = useQueryClient();
  const over = token.expires_at !== null && Date.parse(token.expires_at) < Date.now();
  const revoke = async () => {
    await revokeToken(token.id);
    await client.invalidateQueries(tokensQuery);
    say(t('The token “{name}” is revoked.', { name: token.name }));
  };
  return (
    <li className="row token">
      <Icon name="key" />
      <div className="grow"><b className="b cut">{token.name}</b>
        <div className="muted small">{[t('made {when}', { when: day(token.created_at) }), lastUsed(token.last_used_at), endOf(token.expires_at, over), ...reachOf(token)].join(' · ')}</div>
      </div>
      {over && <Pill tone="warn">{t('expired')}</Pill>}
      <button type="button" className="btn danger-ghost" onClick={() => setRevoking(true)} aria-label={t('Revoke {name}', { name: token.name })}>{t('Revoke')}</button>
      {revoking && (
        <Confirm title={t('Revoke “{name}”?', { name: token.name })} action={t('Revoke token')} onConfirm={revoke} onClose={() => setRevoking(false)}>
          <p>{token.last_used_at ? t('Scripts that use it are refused from now on; the last one came {when}. A revoked token cannot come back.', { when: since(token.last_used_at) }) : t('Scripts that use it are refused from now on. A revoked token cannot come back.')}</p>
        </Confirm>
      )}
    </li>
  );
}
