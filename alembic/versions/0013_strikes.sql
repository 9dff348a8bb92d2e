-- Appeals against strikes, and the list of follows that a block or a suspension ended.

create table severed_follows (                        -- kept for a while, for the person who lost them
    id bigint primary key default timestamp_id(),
    severance_id bigint not null references severances on delete cascade,
    account_id bigint not null references accounts on delete cascade,   -- whom they lost
    is_follower boolean not null,                     -- whether that one followed them; else they followed that one
    show_reblogs boolean not null,
    notify boolean not null,
    languages text[],
    created_at timestamptz not null default now()
);
create index severed_follows_severance on severed_follows (severance_id, id);
create index severed_follows_account on severed_follows (account_id);
create index severed_follows_created on severed_follows (created_at);

alter table account_warnings add column overruled_at timestamptz;       -- an appeal was approved

create table appeals (                                -- one a strike
    id bigint primary key default timestamp_id(),
    warning_id bigint not null unique references account_warnings on delete cascade,
    account_id bigint not null references accounts on delete cascade,
    text text not null,
    approved_at timestamptz,
    rejected_at timestamptz,
    decided_by_id bigint references accounts on delete set null,        -- null: the operator
    created_at timestamptz not null default now(),
    check (approved_at is null or rejected_at is null)
);
create index appeals_account on appeals (account_id);
create index appeals_decided_by on appeals (decided_by_id);
create index appeals_open on appeals (id) where approved_at is null and rejected_at is null;

alter table status_edits add column quoted_uri text;   -- null: it quoted nothing; '': something whose URI is not known
update status_edits d set quoted_uri = coalesce(q.quoted_uri, '') from quotes q where q.status_id = d.status_id;
