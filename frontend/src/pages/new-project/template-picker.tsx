import type { UseQueryResult } from '@tanstack/react-query';
import type { Template, TemplateList } from '../../api/types';
import { Failure, Skeleton } from '../../ui/parts';
import { TemplateArt } from './template-art';

interface PickerProps {
  list: UseQueryResult<TemplateList>;
  chosen: string | undefined;
  textFirst: boolean;
  onChoose: (template: Template) => void;
}

/** Ways to label, each with a picture of what it looks like. */
export function TemplatePicker({ list, chosen, textFirst, onChoose }: PickerProps) {
  if (list.isError) return <Failure error={list.error} retry={() => void list.refetch()} what="The list of templates" />;
  if (!list.data) return <div className="templates" aria-busy="true">{[0, 1, 2, 3, 4, 5].map((each) => <Skeleton key={each} width="100%" height={128} />)}</div>;
  const groups = textFirst ? [...list.data.groups].reverse() : list.data.groups;
  return (
    <div role="radiogroup" aria-label="Templates" className="col" style={{ gap: 12 }}>
      {groups.map((group) => (
        <div key={group} role="group" aria-label={group}>
          <h3 className="muted small template-group">{group}</h3>
          <div className="templates">
            {list.data.templates.filter((template) => template.group === group).map((template) => (
              <label key={template.title} className="template" title={template.details}>
                <input type="radio" name="template" className="unseen" checked={template.title === chosen} onChange={() => onChoose(template)} />
                <TemplateArt config={template.config} hint={template.key} />
                <span>{template.title}</span>
              </label>
            ))}
          </div>
        </div>
      ))}
    </div>
  );
}
