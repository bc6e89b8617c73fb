import type { AuthMethod } from '../../api/learning';
import { Field, wrongWith } from '../../ui/parts';

interface Props {
  method: AuthMethod;
  user: string;
  secret: string;
  /** Whether a secret is kept already. */
  isKept: boolean;
  error: unknown;
  onMethod: (method: AuthMethod) => void;
  onUser: (user: string) => void;
  onSecret: (secret: string) => void;
}

/** How this server signs in at a backend. */
export function AuthFields({ method, user, secret, isKept, error, onMethod, onUser, onSecret }: Props) {
  return (
    <div className="pair">
      <Field label="Sign-in">
        {(wiring) => <select {...wiring} className="input" value={method} onChange={(event) => onMethod(event.target.value as AuthMethod)}><option value="NONE">None</option><option value="BASIC_AUTH">Name and password</option><option value="TOKEN">Token</option></select>}
      </Field>
      {method === 'BASIC_AUTH' && <Field label="Name" wrong={wrongWith(error, 'basic_auth_user')}>{(wiring) => <input {...wiring} className="input" required value={user} autoComplete="off" onChange={(event) => onUser(event.target.value)} />}</Field>}
      {method !== 'NONE' && <Field label={method === 'TOKEN' ? 'Token' : 'Password'} hint={isKept ? 'Kept, and not shown. Leave it empty to keep it.' : undefined} wrong={wrongWith(error, 'basic_auth_pass')}>{(wiring) => <input {...wiring} className="input" type="password" required={!isKept} value={secret} autoComplete="new-password" onChange={(event) => onSecret(event.target.value)} />}</Field>}
    </div>
  );
}
