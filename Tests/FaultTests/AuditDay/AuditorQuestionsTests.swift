import Foundation
import TestSupport
import Testing

extension ProgramTests {
    /// Tests `docs/audit.md` after a day of work. Each command runs exactly as the page shows it.
    struct AuditorQuestionsTests {
        @Test(.timeLimit(.minutes(10)))
        func `each of the twelve questions is answered by its command`() async throws {
            let page = try DocumentedPage("docs/audit.md")
            let questions = AuditorQuestion.all(in: page.text)
            #expect(page.start == .day)
            #expect(questions.count == 12)
            try await withDocumentedMachine { machine in
                let day = AuditDay(client: APIClient(machine.server), etcd: machine.etcd)
                let marks = try await day.run()
                try await APIClient(machine.replica).waitUntilAudited(
                    try await machine.etcd.newestCalicoRevision())
                let outputs = try await DocumentedScript(machine: machine).run(
                    page.commands,
                    also: [
                        ("$(date -u +%F)T00:00:00Z", marks.morning),
                        ("2026-11-24T12:00:00Z", marks.noon),
                        ("2026-11-24T18:00:00Z", marks.evening),
                    ])
                for question in questions {
                    let block = try #require(
                        page.commands.firstIndex { $0.code == question.command })
                    #expect(
                        AuditorQuestion.normalized(outputs[block])
                            == AuditorQuestion.normalized(question.answer),
                        "\(question.title)\n\(outputs[block])")
                }
            }
        }
    }
}
