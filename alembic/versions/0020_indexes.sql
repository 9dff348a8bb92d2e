-- Where one person waits for another's words.
create index deliveries_personal on deliveries (host, id) include (next_at) where state = 'waiting' and not bulk;
drop index deliveries_done;  -- nothing asked for it
-- Events go by their age, however many there are.
create index jobs_events on jobs (id) where queue = 'event' and failed_at is null;

-- Whoever removes a row looks for those that name it.
create index deliveries_sender on deliveries (sender_id);
create index activities_account on activities (account_id);
create index account_warnings_moderator on account_warnings (moderator_id);
create index account_warnings_report on account_warnings (report_id);
create index active_days_account on active_days (account_id);
create index announcement_reactions_account on announcement_reactions (account_id);
create index announcement_reads_announcement on announcement_reads (announcement_id);
create index canonical_email_blocks_account on canonical_email_blocks (account_id);
create index featured_tags_tag on featured_tags (tag_id);
create index invites_user on invites (user_id);
create index markers_account on markers (account_id);
create index oauth_grants_account on oauth_grants (account_id);
create index oauth_grants_application on oauth_grants (application_id);
create index oauth_grants_user on oauth_grants (user_id);
create index reports_action_taken_by on reports (action_taken_by_id);
create index reports_assigned on reports (assigned_id);
create index scheduled_statuses_user on scheduled_statuses (user_id);
create index suggestion_dismissals_target on suggestion_dismissals (target_id);

-- What was written last is read from beginning to end by each search: that much is little.
alter index status_words_words set (gin_pending_list_limit = 128);
select gin_clean_pending_list('status_words_words');
