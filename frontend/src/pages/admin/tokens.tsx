import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { useDeferredValue, useState } from 'react';
import { ADMIN, type AdminToken, adminTokensQuery, revokeAnyToken } from '../../api/admin';
import { aRole } from '../../app/roles';
import { Top } from '../../app/top';
import { Confirm } from '../../ui/dialog';
import { ago, counted, day, moment } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { Empty, Failure, Pill, Skeleton } from '../../ui/parts';
import { say } from '../../ui/toast';
import { AdminTabs } from './admin-frame';

const KINDS: Record<AdminToken['kind'], string> = { personal: '', refresh: 'refresh token', legacy: 'legacy token', s3: 'S3 key' };

/** Which tokens and S3 keys let programs in, and whose are they? */
export function AdminTokens() {
  const [typed, setTyped] = useState('');
  const tokens = useInfiniteQuery(adminTokensQuery(useDeferredValue(typed.trim())));
  const found = tokens.data?.pages.flatMap((page) => page.results) ?? [];
  return (
    <>
      <Top crumb="Administration" title="Tokens">{tokens.data && <span className="muted wide">{counted(tokens.data.pages[0]?.count ?? 0, 'credential')}</span>}</Top>
      <AdminTabs />
      <div className="tools admin-tools" role="search"><input className="input search-input" type="search" aria-label="Search tokens" placeholder="Name, owner or access key id" value={typed} onChange={(event) => setTyped(event.target.value)} /></div>
      <div className="table-scroll" role="region" aria-label="Tokens" tabIndex={0}>
        {tokens.isPending && <div className="scroll" aria-busy="true"><Skeleton width="46%" height={18} /></div>}
        {tokens.isError && <Failure error={tokens.error} retry={() => void tokens.refetch()} what="The list of tokens" />}
        {tokens.isSuccess && found.length === 0 && <Empty art={<Icon name="key" size={28} />} title="No such tokens">What works shows here; revoked and expired ones do not.</Empty>}
        {found.length > 0 && (
          <table className="table">
            <thead><tr><th>Token</th><th>Owner</th><th className="wide">May</th><th className="num wide">Ends</th><th className="num wide">Last used</th><th className="tight"><span className="unseen">Revoke</span></th></tr></thead>
            <tbody>{found.map((token) => <Row key={`${token.kind} ${token.id}`} token={token} />)}</tbody>
          </table>
        )}
        {tokens.hasNextPage && <div className="more"><button type="button" className="btn" disabled={tokens.isFetchingNextPage} onClick={() => void tokens.fetchNextPage()}>Show more</button></div>}
      </div>
    </>
  );
}

function Row({ token }: { token: AdminToken }) {
  const [revoking, setRevoking] = useState(false);
  const client = useQueryClient();
  const what = token.kind === 's3' ? 'key' : 'token';
  const revoke = async () => {
    await revokeAnyToken(token);
    await client.invalidateQueries({ queryKey: ADMIN });
    say(`The ${what} “${token.name}” is revoked.`);
  };
  return (
    <tr>
      <td><b className="b cut">{token.name}</b>{KINDS[token.kind] && <span className="muted small token-kind">{KINDS[token.kind]}{token.access_key_id && <span className="mono">{token.access_key_id}</span>}</span>}</td>
      <td>{token.owner.is_service_account ? <span title={token.owner.email}>{nameOf(token.owner.email)} <Pill>service</Pill></span> : <span className="audit-line">{token.owner.email}</span>}</td>
      <td className="wide"><span className="two">{mayOf(token)}{token.workspace ? `, only ${token.workspace.name}` : ''}</span></td>
      <td className="num muted wide">{token.expires_at ? day(token.expires_at) : 'no end'}</td>
      <td className="num muted wide" title={token.last_used_at ? moment(token.last_used_at) : undefined}>{token.last_used_at ? ago(token.last_used_at) : 'never'}</td>
      <td className="tight">
        <button type="button" className="btn danger-ghost" aria-label={`Revoke ${token.name} of ${token.owner.email}`} onClick={() => setRevoking(true)}><span className="wide">Revoke</span><span className="slim"><Icon name="trash" /></span></button>
        {revoking && <Confirm title={`Revoke “${token.name}”?`} action={`Revoke ${what}`} onConfirm={revoke} onClose={() => setRevoking(false)}><p>What uses it as {token.owner.email} is refused from now on{what === 'key' && ', and so are the addresses that were signed with it'}. A revoked {what} cannot come back.</p></Confirm>}
      </td>
    </tr>
  );
}

/** Of a service account: what stands before its workspace in the address. */
const nameOf = (email: string): string => email.slice(0, email.indexOf('@'));

function mayOf({ role, scope }: AdminToken): string {
  if (role) return `At most as ${aRole(role)}`;
  return scope === 'read' ? 'Only read' : 'Read and change';
}
