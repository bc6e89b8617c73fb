import { Icon } from '../../ui/icon';
import { Pill } from '../../ui/parts';
import type { Message } from './messages';
import { jsonOf, Words } from './value-view';

const ROLE_WORDS: Readonly<Record<string, string>> = { user: 'User', assistant: 'Assistant', system: 'System', developer: 'Developer', tool: 'Tool' };

/** A conversation, one message under the other. */
export const Messages = ({ of }: { of: readonly Message[] }) => (
  <ol className="messages">
    {of.map(({ role, text, others, calls }, index) => (
      <li key={index} className={`message ${role}`}>
        <p className="row"><b className="b">{ROLE_WORDS[role] ?? role}</b>{others.map((other, at) => <Pill key={at}>{other}</Pill>)}</p>
        {text && <Words text={text} />}
        {!text && calls.length === 0 && others.length === 0 && <p className="muted">It says nothing.</p>}
        {calls.map(({ name, input }, at) => <div key={at} className="tool-call"><p className="row"><Icon name="code" /><span className="mono">{name}</span></p><Words text={typeof input === 'string' ? input : jsonOf(input)} isCode /></div>)}
      </li>
    ))}
  </ol>
);
