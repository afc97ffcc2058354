"""The protocol between a grader and a student's process: requests and replies are data.

    client         asks: packs requests, unpacks replies
    wire           the format: what may pass, and how arrays are packed
    student_side   answers in the student's process: unpacks arguments, calls the student's code,
                   packs the reply
    public_cases   the file of public cases

`check` uses the same code within the notebook's own process.
"""
