-- One row for each day: how many users listened, how many of all did something beyond that, and what.
WITH acts AS (
    SELECT day, user_id, 'listening' AS act FROM amp."session" WHERE day BETWEEN :first AND :day
    UNION ALL
    SELECT day, user_id, 'liking' FROM amp."like" WHERE day BETWEEN :first AND :day
    UNION ALL
    SELECT day, user_id, 'following' FROM amp."follow" WHERE day BETWEEN :first AND :day AND following
    UNION ALL
    SELECT day, user_id, 'notified' FROM amp."notification" WHERE day BETWEEN :first AND :day AND enabled
    UNION ALL
    SELECT day, user_id, 'chatting' FROM amp."chat_message" WHERE day BETWEEN :first AND :day
    UNION ALL
    SELECT day, user_id, 'calling_in' FROM amp."call_in" WHERE day BETWEEN :first AND :day
    UNION ALL
    SELECT day, user_id, 'answering_polls' FROM amp."poll_answer" WHERE day BETWEEN :first AND :day
)

SELECT
    day,
    COUNT(DISTINCT CASE WHEN act = 'listening' THEN user_id END) AS listeners,
    COUNT(DISTINCT CASE WHEN act <> 'listening' THEN user_id END) AS engaged,
    COUNT(DISTINCT CASE WHEN act = 'liking' THEN user_id END) AS liking,
    COUNT(DISTINCT CASE WHEN act = 'following' THEN user_id END) AS following,
    COUNT(DISTINCT CASE WHEN act = 'notified' THEN user_id END) AS notified,
    COUNT(DISTINCT CASE WHEN act = 'chatting' THEN user_id END) AS chatting,
    COUNT(DISTINCT CASE WHEN act = 'calling_in' THEN user_id END) AS calling_in,
    COUNT(DISTINCT CASE WHEN act = 'answering_polls' THEN user_id END) AS answering_polls
FROM acts
GROUP BY day
ORDER BY day
