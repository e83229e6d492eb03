-- The twenty shows of the day with the most listeners beyond what shows of their creator had on the days before.
-- usual_listeners is the mean of the creator's shows since the first day, 0 for a creator who had none.
WITH heard AS (
    SELECT
        show_id,
        creator_id,
        COUNT(DISTINCT user_id) AS listeners,
        CAST(SUM(seconds) AS BIGINT) AS listening_seconds
    FROM amp."session"
    WHERE day = :day
    GROUP BY show_id, creator_id
),

former AS (
    SELECT creator_id, show_id, COUNT(DISTINCT user_id) AS listeners
    FROM amp."session"
    WHERE day >= :first AND day < :day
    GROUP BY creator_id, show_id
),

usual AS (
    SELECT creator_id, AVG(CAST(listeners AS DOUBLE PRECISION)) AS listeners
    FROM former
    GROUP BY creator_id
),

likes AS (
    SELECT show_id, COUNT(*) AS likes
    FROM amp."like"
    WHERE day = :day
    GROUP BY show_id
),

titles AS (
    SELECT
        show_id,
        title,
        ROW_NUMBER() OVER (PARTITION BY show_id ORDER BY version DESC, event_time DESC, event_id DESC) AS place
    FROM amp."show"
    WHERE day <= :day
)

SELECT
    heard.show_id,
    titles.title,
    heard.creator_id,
    heard.listeners,
    COALESCE(usual.listeners, 0) AS usual_listeners,
    heard.listeners - COALESCE(usual.listeners, 0) AS more_listeners,
    heard.listening_seconds,
    COALESCE(likes.likes, 0) AS likes
FROM heard
LEFT JOIN usual ON heard.creator_id = usual.creator_id
LEFT JOIN likes ON heard.show_id = likes.show_id
LEFT JOIN titles ON heard.show_id = titles.show_id AND titles.place = 1
ORDER BY more_listeners DESC, heard.listeners DESC, heard.show_id
LIMIT 20
