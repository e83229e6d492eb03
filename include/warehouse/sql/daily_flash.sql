-- One row for each day: who listened, for how long, and what they liked.
-- listeners, shows and creators are distinct ones of that day; follows are those that were not taken back by then.
WITH listening AS (
    SELECT
        day,
        COUNT(DISTINCT user_id) AS listeners,
        COUNT(*) AS sessions,
        CAST(SUM(seconds) AS BIGINT) AS listening_seconds,
        COUNT(DISTINCT show_id) AS shows,
        COUNT(DISTINCT creator_id) AS creators
    FROM amp."session"
    WHERE day BETWEEN :first AND :day
    GROUP BY day
),

likes AS (
    SELECT day, COUNT(*) AS likes
    FROM amp."like"
    WHERE day BETWEEN :first AND :day
    GROUP BY day
),

follows AS (
    SELECT day, COUNT(*) AS follows
    FROM amp."follow"
    WHERE day BETWEEN :first AND :day AND following
    GROUP BY day
)

SELECT
    listening.day,
    listening.listeners,
    listening.sessions,
    listening.listening_seconds,
    listening.shows,
    listening.creators,
    COALESCE(likes.likes, 0) AS likes,
    COALESCE(follows.follows, 0) AS follows
FROM listening
LEFT JOIN likes ON listening.day = likes.day
LEFT JOIN follows ON listening.day = follows.day
ORDER BY listening.day
