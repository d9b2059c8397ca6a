import Foundation
import TestSupport
import Testing

extension FaultTests {
    /// `docs/audit.md` against a day of work: each command is run as it stands there.
    struct AuditorQuestionsTests {
        @Test(.timeLimit(.minutes(5)))
        func `each of the twelve questions is answered by its command`() async throws {
            let questions = AuditorQuestion.all(in: try Repository.text("docs/audit.md"))
            #expect(questions.count == 12)
            try await withEtcd { etcd in
                try await withServer(on: etcd) { server in
                    try await withServer(on: etcd) { replica in
                        let day = AuditDay(client: APIClient(server), etcd: etcd)
                        let marks = try await day.run()
                        try await APIClient(replica).waitUntilAudited(
                            try await etcd.newestCalicoRevision())
                        let environment = [
                            "api": "http://127.0.0.1:\(server.port)",
                            "replica": "http://127.0.0.1:\(replica.port)",
                            "db": server.data.file("data") + "/audit.sqlite",
                            "etcd": etcd.clientURL, "today": marks.morning, "noon": marks.noon,
                            "evening": marks.evening,
                        ]
                        for question in questions {
                            let answer = try await question.ask(environment)
                            #expect(
                                AuditorQuestion.normalized(answer)
                                    == AuditorQuestion.normalized(question.answer),
                                "\(question.title)\n\(answer)")
                        }
                    }
                }
            }
        }
    }
}
