-- A quote is a row beside the post that quotes. What is quoted may be unknown here, or gone.

create table quotes (
    status_id bigint primary key references statuses on delete cascade,   -- the post that quotes
    account_id bigint not null,                       -- its author
    quoted_uri text,                                  -- null: its author's server says that it is gone
    quoted_id bigint,                                 -- null while it is not known here, and when it is gone
    quoted_account_id bigint,
    state text not null check (state in ('pending', 'accepted', 'rejected', 'revoked', 'deleted')),
    legacy boolean not null default false,            -- from a server that knows nothing of consent
    request_uri text,                                 -- the QuoteRequest of ours that waits or waited for an answer
    approval_uri text,                                -- the QuoteAuthorization; proven only where the state is accepted
    created_at timestamptz not null default now()
);
create index quotes_quoted on quotes (quoted_id, status_id desc) where quoted_id is not null;
create index quotes_dangling on quotes (quoted_uri) where quoted_id is null and state = 'pending';
create index quotes_request on quotes (request_uri) where request_uri is not null;
create index quotes_approval on quotes (approval_uri) where approval_uri is not null;

alter table status_stats add column quotes_count bigint not null default 0;

-- Bits: 1 everybody, 2 followers, 4 people the author follows, 8 others that we cannot tell.
alter table statuses
    add column quote_automatic smallint default 8,    -- null: its author's server says nothing about quotes
    add column quote_manual smallint not null default 0;
-- What came before this version may have said something that was not kept: the default was for those rows alone.
alter table statuses alter column quote_automatic drop default;

-- Who posted here before there were quotes has agreed to none.
update statuses set quote_automatic = 0 where is_local and reblog_of_id is null;
