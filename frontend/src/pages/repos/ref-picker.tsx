import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Autocomplete, Button, DialogTrigger, Dialog, Header, Input, Menu, MenuItem, MenuSection, Popover, SearchField, useFilter } from 'react-aria-components';
import { branchesQuery, tagsQuery } from '../../api/repos';
import { Icon } from '../../ui/icon';
import { shortId } from './names';

interface RefPickerProps {
  repo: number;
  /** The branch, tag or commit that is looked at. */
  at: string;
  onPick: (ref: string) => void;
}

/** Which branch or tag is looked at; typing finds one. */
export function RefPicker({ repo, at, onPick }: RefPickerProps) {
  const [isOpen, setOpen] = useState(false);
  const branches = useQuery(branchesQuery(repo)).data ?? [];
  const tags = useQuery(tagsQuery(repo)).data ?? [];
  const { contains } = useFilter({ sensitivity: 'base' });
  const isTag = tags.some((each) => each.name === at);
  const isBranch = branches.some((each) => each.name === at);
  const pick = (ref: string) => { setOpen(false); onPick(ref); };
  return (
    <DialogTrigger isOpen={isOpen} onOpenChange={setOpen}>
      <Button className="btn ref-button" aria-label={`${isTag ? 'Tag' : isBranch ? 'Branch' : 'Commit'} ${at}; choose another`}>
        <Icon name={isTag ? 'tag' : isBranch ? 'branch' : 'commit'} /><span className="cut mono">{isTag || isBranch ? at : shortId(at)}</span><Icon name="down" />
      </Button>
      <Popover placement="bottom start" className="menu ref-menu">
        <Dialog aria-label="Branches and tags" style={{ outline: 'none' }}>
          <Autocomplete filter={contains}>
            <SearchField aria-label="Find a branch or tag" autoFocus className="search"><Icon name="search" /><Input className="input" placeholder="Find a branch or tag" /></SearchField>
            <Menu aria-label="Branches and tags" className="ref-list" onAction={(key) => pick(String(key))} renderEmptyState={() => <p className="muted ref-none">No branch or tag is called so.</p>}>
              <MenuSection aria-label="Branches"><Header className="head">Branches</Header>{branches.map((each) => <MenuItem key={each.name} id={each.name} textValue={each.name}><Icon name="branch" /><span className="grow cut">{each.name}</span>{each.name === at && <Icon name="check" />}</MenuItem>)}</MenuSection>
              {tags.length > 0 ? <MenuSection aria-label="Tags"><Header className="head">Tags</Header>{tags.map((each) => <MenuItem key={each.name} id={each.name} textValue={each.name}><Icon name="tag" /><span className="grow cut">{each.name}</span>{each.name === at && <Icon name="check" />}</MenuItem>)}</MenuSection> : null}
            </Menu>
          </Autocomplete>
        </Dialog>
      </Popover>
    </DialogTrigger>
  );
}
