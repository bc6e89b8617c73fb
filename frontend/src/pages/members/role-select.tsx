import type { Role } from '../../api/types';
import { outranks, ROLE_WORDS, ROLES, rolesUpTo } from '../../app/roles';
import { t } from '../../i18n/words';

interface RoleSelectProps {
  name: string;
  role: Role;
  /** The role of whoever chooses: nobody gives or takes one above their own. */
  own: string | undefined;
  disabled?: boolean;
  onChange: (role: Role) => void;
}

/** A role that can be changed, or only read where one may not. */
export function RoleSelect({ name, role, own, disabled = false, onChange }: RoleSelectProps) {
  if (!outranks(own, role)) return <span className="two" title={ROLE_WORDS[role].may}>{ROLE_WORDS[role].name}</span>;
  return (
    <select className="input" aria-label={t('Role of {name}', { name })} title={ROLE_WORDS[role].may} value={role} disabled={disabled} onChange={(event) => onChange(event.target.value as Role)}>
      {rolesUpTo(own).map((each) => <option key={each} value={each}>{ROLE_WORDS[each].name}</option>)}
    </select>
  );
}

/** Every role with the sentence that says what it may. */
export const RoleChoice = ({ role, own, onChange }: { role: Role; own: string | undefined; onChange: (role: Role) => void }) => (
  <fieldset className="field"><legend>{t('Role')}</legend>
    <div className="options">
      {rolesUpTo(own).map((each) => (
        <label key={each}><input type="radio" name="role" checked={each === role} onChange={() => onChange(each)} /><span><span className="b">{ROLE_WORDS[each].name}</span><span className="two">{ROLE_WORDS[each].may}</span></span></label>
      ))}
    </div>
  </fieldset>
);

/** What each role may do, for those who wonder. */
export const RoleKey = () => (
  <details className="role-key"><summary>{t('What each role may do')}</summary>
    <dl>{ROLES.map((each) => <div key={each}><dt>{ROLE_WORDS[each].name}</dt><dd>{ROLE_WORDS[each].may}</dd></div>)}</dl>
  </details>
);
